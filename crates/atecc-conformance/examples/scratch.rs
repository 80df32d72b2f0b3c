fn main() {
    let engine = atecc_conformance::Engine::new();
    for p in std::env::args().skip(1) {
        let case = match atecc_conformance::Case::load(p.as_ref()) { Ok(c) => c, Err(e) => { println!("{e}"); continue } };
        let judged = engine.judge(&case);
        let passed = judged.findings.iter().filter(|f| f.verdict == atecc_conformance::Verdict::Passed).count();
        println!("== {} frames {} passed {passed} of {}", judged.id, judged.frames, judged.findings.len());
        for f in judged.failures() { println!("   FAIL {f}"); }
        for (f, r) in judged.skips() { println!("   skip {} {} {}: {r}", f.judge, f.item, f.what); }
    }
}
