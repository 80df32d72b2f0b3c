fn main() {
    let engine = atecc_conformance::Engine::new();
    let (mut n, mut m, mut s) = (0, 0, 0);
    for p in std::env::args().skip(1) {
        let case = atecc_conformance::Case::load(p.as_ref()).unwrap();
        let r = atecc_conformance::Sensitivity::measure(&engine, &case, 50, 1);
        n += r.noticed; m += r.missed.len(); s += r.same.len();
        println!("== {} {} {} {}", r.id, r.noticed, r.missed.len(), r.same.len());
        for x in r.missed { println!("  MISS {x}"); }
        for x in r.same { println!("  same {x}"); }
    }
    println!("{n} noticed {m} missed {s} same");
}
