//! The page in a pack that a person reads first.

use crate::plan::Plan;
use crate::text::amount;
use crate::text::shell::quoted;
use crate::workspace::travel::manifest::Manifest;

/// What is here, how it is used, what was left out.
pub fn text(plan: &Plan, manifest: &Manifest) -> String {
    let mut text = format!(
        "# {}\n\nA study of ventral {}. `{}` is its report, which opens in a browser; `results/` has its scores as .csv, `{}` is its recipe, \
         and `ro-crate-metadata.json` describes all of it for machines (a Workflow Run RO-Crate).\n\n\
         `ventral unpack STUDY.zip FOLDER` checks every file against its SHA-256 and makes a workspace of it; there\n\n    \
         ventral run {}{}\n\n{}.\n",
        plan.title,
        manifest.ventral,
        manifest.report,
        manifest.recipe,
        quoted(&manifest.recipe),
        manifest.set.iter().map(|(k, v)| format!(" --set {}", quoted(&format!("{k}={v}")))).collect::<String>(),
        match manifest.with_cache {
            true => "finds every result in `cache/` and computes nothing",
            false => "computes every result anew",
        }
    );
    let left_out: Vec<String> = manifest
        .away
        .inputs
        .iter()
        .filter_map(|input| {
            let why = input.left_out.as_ref()?;
            Some(format!("- `{}`, {}, BLAKE3 {}: {why}\n", input.path, amount::bytes(input.bytes), input.digest))
        })
        .collect();
    if !left_out.is_empty() {
        text += "\nLeft out, and to be put in place before anything that reads it can be computed again:\n\n";
        text.extend(left_out);
    }
    if !manifest.away.results_left_out.is_empty() {
        let count = manifest.away.results_left_out.len();
        text += &format!("\nLeft out as private: {count} results that hold pictures, or were named as private.\n");
    }
    text
}
