//! What a plan is called: the recipe and what is set in it.

use std::path::Path;

use crate::digest::Digest;

/// File systems take names of 255 bytes; the report adds little to the plan's.
const LONGEST_NAME: usize = 160;

/// The file stem, with what the command line sets: `quickstart@layer=layer4`, fit to name a folder.
pub fn plan_name(recipe: &Path, set: &[(String, String)]) -> String {
    let stem = recipe.file_stem().unwrap_or_default().to_string_lossy();
    let stem = if stem.is_empty() { "recipe".into() } else { stem };
    let fit = |text: &str| -> String {
        let harmless = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '=' | ',');
        text.trim().chars().map(|c| if harmless(c) { c } else { '-' }).collect()
    };
    let list = |value: &str| match value.trim().strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => inner.split(',').map(str::trim).collect::<Vec<_>>().join("+"),
        None => value.to_owned(),
    };
    let settings: Vec<String> =
        set.iter().map(|(name, value)| format!("{}={}", fit(name), fit(&list(value)))).collect();
    let name = if settings.is_empty() { fit(&stem) } else { format!("{}@{}", fit(&stem), settings.join(",")) };
    if name.len() <= LONGEST_NAME {
        return name;
    }
    let cut = (0..=LONGEST_NAME - 9).rev().find(|&at| name.is_char_boundary(at)).unwrap_or(0);
    format!("{}~{}", &name[..cut], &Digest::of(name.as_bytes()).to_string()[..8])
}
