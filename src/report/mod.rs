//! The report: one self-contained page per recipe, out of records and values; nothing is computed here.
//!
//! `choose` says which charts and tables there are, the files named after charts draw them with plotters on the
//! backend of `ink`, `answer` words the finding, `provenance` and `graph` show how it came about, `page` puts all of it
//! into the template.

pub mod charts;
pub mod comparison;
pub mod draw;
pub mod page;
pub mod print;
pub mod read;

#[cfg(test)]
mod alike;
#[cfg(test)]
mod asking;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod kinds;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trained;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use image::RgbImage;
use serde::Serialize;
use serde_json::json;

use crate::digest::Digest;
use crate::plan::{NodeIndex, Plan};
pub use crate::report::charts::charts;
use crate::report::charts::pictures;
pub use crate::report::page::card::Card;
use crate::report::page::{card, site};
use crate::report::read::status::Status;
pub use crate::report::read::study::{Audience, ReportError, Study};
use crate::value::images::Images;

/// Raised when equal results give another page than before, so that old pages are made again.
const REPORT_VERSION: u32 = 5;

/// The page as HTML; equal studies give equal bytes. Fails only for a chart that does not exist; whatever else cannot
/// be shown is said in the page.
pub fn render(study: &Study<'_>) -> Result<String, ReportError> {
    page::render(study)
}

/// The page as a browser follows it while its recipe is edited and run.
pub fn live(study: &Study<'_>) -> Result<String, ReportError> {
    page::live(study)
}

/// What such a browser sees before there is a page.
pub fn waiting(name: &str) -> String {
    page::waiting(name)
}

/// What an index says of a study.
pub fn card(study: &Study<'_>) -> Card {
    card::card(study)
}

/// The index page of a site: a card per study, a leaderboard per kind of score, and a search over both.
pub fn index(title: &str, cards: &[Card]) -> Result<String, ReportError> {
    site::render(title, cards, false)
}

/// The same for one's own machine, with the runs under way.
pub fn index_here(title: &str, cards: &[Card]) -> Result<String, ReportError> {
    site::render(title, cards, true)
}

/// The figures of the page, in order: their titles, and the nodes that each is drawn from.
pub fn figures(study: &Study<'_>) -> Result<Vec<(String, Vec<NodeIndex>)>, ReportError> {
    page::figures(study)
}

/// Whether a node's pictures are kept private.
pub fn is_private(plan: &Plan, node: NodeIndex, images: &Images) -> bool {
    pictures::kept_private(plan, node, images)
}

/// A digest over all that the page depends on: while it stands, so does the page.
pub fn fingerprint(study: &Study<'_>) -> Digest {
    let mut hasher = blake3::Hasher::new();
    let plan = study.plan;
    feed(&mut hasher, &json!([REPORT_VERSION, env!("CARGO_PKG_VERSION"), study.finished, study.audience]));
    feed(&mut hasher, &(&plan.name, &plan.source, &plan.title, &plan.about, &plan.sweep, &plan.private, &plan.report));
    feed(&mut hasher, &plan.question);
    feed(&mut hasher, &plan.recipe.as_ref().map(|path| path.strip_prefix(&plan.workspace).unwrap_or(path)));
    for (at, node) in plan.nodes.iter_enumerated() {
        feed(&mut hasher, &(&node.id, node.kind.name, node.kind.version, &node.params, &node.about));
        for edge in &node.edges {
            feed(&mut hasher, &(&edge.port, &edge.label, edge.from, &edge.output, &edge.key));
        }
        feed(&mut hasher, &Status::of(study, at).name());
        let Some(outcome) = study.outcomes.get(at) else { continue };
        feed(&mut hasher, &outcome.message);
        for record in &outcome.records {
            feed(&mut hasher, &(record.key, &record.provenance, &record.notes));
            for stored in &record.outputs {
                feed(&mut hasher, &(&stored.port, &stored.key, stored.digest, stored.bytes));
            }
        }
    }
    // Thumbnails appear when their source does; where it lies is no part of the page.
    feed(&mut hasher, &study.sources.keys().collect::<Vec<_>>());
    Digest::from(hasher)
}

/// Adds a value, apart from the next one.
fn feed(hasher: &mut blake3::Hasher, value: &impl Serialize) {
    let text = serde_json::to_vec(value).expect("plans and records serialise: recipes and the store hold them as JSON");
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.write_all(&text).expect("a hasher takes every byte");
}

/// Stimuli at even distances side by side, as one picture.
pub fn contact_sheet(images: &Images, sources: &BTreeMap<Digest, PathBuf>) -> Result<RgbImage, String> {
    pictures::contact_sheet(images, sources)
}

/// The stimuli of some rows side by side, as one picture.
pub fn contact_sheet_of(
    images: &Images,
    sources: &BTreeMap<Digest, PathBuf>,
    rows: &[usize],
) -> Result<RgbImage, String> {
    pictures::contact_sheet_of(images, sources, rows)
}
