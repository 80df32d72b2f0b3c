use atecc_transcript::{import, Provenance, Start};
fn main() {
    let over: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap()).unwrap();
    let out = std::env::args().nth(2).unwrap();
    for entry in over.as_array().unwrap() {
        let text = std::fs::read_to_string(entry["path"].as_str().unwrap()).unwrap();
        let mut t = match import::recording(&text) { Ok(t) => t, Err(e) => { println!("{}: {e}", entry["path"]); continue } };
        let get = |k: &str| entry[k].as_str().map(str::to_owned);
        if let Some(p) = get("provenance") { t.header.provenance = p.parse::<Provenance>().unwrap(); }
        t.header.host = get("host").or(t.header.host);
        t.header.story = get("story");
        t.header.date = get("date").or(t.header.date);
        if let Some(l) = get("licence") { t.header.licence = l; }
        if let Some(l) = get("origin") { t.header.origin = l; }
        if let Some(l) = get("note") { t.header.notes = vec![l]; }
        if let Some(l) = get("start") { t.header.start = Start::Known(l); }
        let dir = format!("{out}/{}", entry["dir"].as_str().unwrap());
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(format!("{dir}/{}.txt", t.header.id), t.render()).unwrap();
    }
}
