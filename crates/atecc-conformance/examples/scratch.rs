fn main() { for p in std::env::args().skip(1) { atecc_conformance::scratch(p.as_ref()); } }
