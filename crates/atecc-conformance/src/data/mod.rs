//! Single results that a source prints beside or instead of bus traffic.
//!
//! Commands that give them are run on an emulated chip; MACs are computed by
//! the driver's host side as well, and what is said of a zone or certificate is
//! compared with what the codecs read in it.

mod certificates;
mod digests;
mod harness;
mod keys;
mod requests;
mod results;
mod signed;
mod zones;

use atecc_emulator::{Image, Revision};

use crate::judgement::{Item, Judge, Judged, Verdict};
use crate::reason::Reason;
use crate::recording::Recording;
use crate::start::part;

/// Judge the data of `recording`.
pub(crate) fn judge(recording: &Recording, judged: &mut Judged) {
    let known = recording.known();
    // Certificates of a root name no part.
    let revision = part(&recording.chip, &known).unwrap_or(Revision::Atecc608B);
    let blank = Image::blank(revision);
    let image = known.image(&blank).unwrap_or(blank);
    for index in recording.contradicted() {
        let verdict = Verdict::differs("what passed at that time", "something else");
        let item = Item::Datum("exchanges".to_owned(), index);
        judged.add(Judge::Codec, item, "time", verdict);
    }
    zones::judge(recording, judged);
    digests::judge(&recording.data, judged);
    keys::judge(recording, judged);
    requests::judge(&recording.data, judged);
    certificates::judge(&recording.data, judged);
    results::judge(&recording.data, &image, &known, judged);
    others(recording, judged);
}

/// Lists that no judge knows.
fn others(recording: &Recording, judged: &mut Judged) {
    for (list, value) in &recording.others {
        let Some(values) = value.as_array() else {
            continue;
        };
        for index in 0..values.len() {
            let item = Item::Datum(list.clone(), index);
            let verdict = Verdict::Skipped(Reason::NotOnTheBus);
            judged.add(Judge::Codec, item, list.clone(), verdict);
        }
    }
}

fn each<T>(
    list: &str,
    values: &[T],
    judged: &mut Judged,
    judge: impl Fn(&T, &mut dyn FnMut(Judge, &str, Verdict)),
) {
    for (index, value) in values.iter().enumerate() {
        judge(value, &mut |who, what, verdict| {
            judged.add(who, Item::Datum(list.to_owned(), index), what, verdict);
        });
    }
}
