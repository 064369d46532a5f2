//! Which columns of a table look like names of its rows.

/// Headings that name what a row is of, without `_id`, `_name` and their like.
const THINGS: [&str; 21] = [
    "channel",
    "coco",
    "electrode",
    "file",
    "image",
    "images",
    "img",
    "index",
    "neuroid",
    "neuron",
    "nsd",
    "object",
    "photo",
    "pic",
    "picture",
    "stim",
    "stimuli",
    "stimulus",
    "unit",
    "voxel",
    "scene",
];
/// Headings that say it alone.
const ALONE: [&str; 6] = ["id", "ids", "name", "names", "filename", "path"];
/// Endings that make names of anything.
const ENDINGS: [&str; 8] = ["_id", "_ids", "_name", "_names", "_filename", "_file", "_path", "_nr"];

/// Whether a heading says that its column names the rows: `id`, `stimulus_id`, `Image`, `nsd_id`, `filename` …
pub fn is_heading(heading: &str) -> bool {
    let plain: String = heading.trim().to_lowercase().replace([' ', '-', '.'], "_");
    let alone = |word: &str| ALONE.contains(&word) || THINGS.contains(&word);
    let run_together =
        ["id", "name"].iter().any(|end| plain.strip_suffix(end).is_some_and(|thing| THINGS.contains(&thing)));
    alone(&plain) || run_together || ENDINGS.iter().any(|end| plain.len() > end.len() && plain.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_of_names_are_told_from_those_of_numbers() {
        for heading in
            ["id", "ID", "stimulus_id", "Image", "image id", "imageID", "nsdId", "nsd_id", "file name", "filename"]
        {
            assert!(is_heading(heading), "{heading}");
        }
        for heading in ["V1", "a", "rate", "valid", "fluid", "grid", "", "_id", "unit_001", "1"] {
            assert!(!is_heading(heading), "{heading}");
        }
    }
}
