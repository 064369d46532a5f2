//! The page on data, docs/data.md: every block of it reads the file that it is about, to the numbers that the file holds.

mod study;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use study::Study;

/// What every block about a recording gives: picture s and unit u have 10 s + u.
const RATES: [&str; 6] =
    ["im1,11,12,13", "im2,21,22,23", "im3,31,32,33", "im4,41,42,43", "im5,51,52,53", "im6,61,62,63"];
const NAMED: &str = "V4a,V4b,IT1";
const UNNAMED: &str = "unit_001,unit_002,unit_003";
const FEATURES: [&str; 6] = ["im1,0,1", "im2,2,3", "im3,4,5", "im4,6,7", "im5,8,9", "im6,10,11"];
/// What the blocks about features and units stand on.
const BASE: &str = "
rec:
  kind: load_recordings
  with: { images: data/pictures, responses: data/rates.csv, layout: stimuli_by_units }
";

/// The blocks of the page by their headings.
fn blocks() -> BTreeMap<String, String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/data.md");
    let text = fs::read_to_string(page).expect("the page");
    let mut found = BTreeMap::new();
    let mut heading = String::new();
    let mut block: Option<String> = None;
    for line in text.lines() {
        match (&mut block, line) {
            (None, "```yaml") => block = Some(String::new()),
            (Some(_), "```") => {
                let text = block.take().expect("one is open");
                assert!(found.insert(heading.clone(), text).is_none(), "two blocks stand under `{heading}`");
            }
            (Some(text), line) => text.push_str(&format!("{line}\n")),
            (None, line) => {
                if let Some(words) = line.strip_prefix("## ") {
                    heading = words.to_owned();
                }
            }
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("created");
    for entry in fs::read_dir(from).expect("the fixtures") {
        let path = entry.expect("an entry").path();
        let name = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &name);
        } else {
            fs::copy(&path, &name).expect("copied");
        }
    }
}

/// An output as text: the heading, then the rows in the order of the stimuli's names, whole numbers without fraction.
fn table(study: &Study, output: &str) -> (String, Vec<String>) {
    study.ventral(&["export", "recipes/a.yaml", output, "out.csv"]).succeeded();
    let text = fs::read_to_string(study.path("out.csv")).expect("a table");
    let mut lines = text.lines();
    let heading = lines.next().expect("a heading").to_owned();
    let plain = |cell: &str| cell.parse().map_or_else(|_| cell.to_owned(), |number: f64| number.to_string());
    let mut rows: Vec<String> = lines.map(|line| line.split(',').map(plain).collect::<Vec<_>>().join(",")).collect();
    rows.sort();
    (heading, rows)
}

#[test]
fn every_block_reads_its_file() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/labs");
    let blocks = blocks();
    assert_eq!(blocks.len(), 16, "{:?}", blocks.keys());
    for (heading, block) in &blocks {
        let mut text = block.clone();
        if !block.starts_with("rec:") {
            text.insert_str(0, BASE);
        }
        let nodes: String = text.lines().map(|line| format!("  {line}\n")).collect();
        let study = Study::with(&format!("version: 1\ntitle: {heading:?}\nnodes:\n{nodes}"));
        copy(&fixtures, &study.path("data"));
        let ended = study.ventral(&["run", "recipes/a.yaml", "--no-report"]);
        assert_eq!(ended.status(), 0, "{heading}:\n{}", ended.err());
        if block.starts_with("feats:") {
            let (_, rows) = table(&study, "feats");
            assert_eq!(rows, FEATURES, "{heading}");
            continue;
        }
        if block.starts_with("units:") {
            let (heading, rows) = table(&study, "units.units");
            assert_eq!(heading, "unit,ceiling,region");
            assert_eq!(rows, ["IT1,0.5,IT", "V4a,0.9,V4", "V4b,0.8,V4"]);
            continue;
        }
        let (units, rows) = table(&study, "rec.responses");
        let mut expected: Vec<String> = RATES.iter().map(|&row| row.to_owned()).collect();
        let named = [".csv", ".parquet", ".nc"].iter().any(|form| block.contains(form));
        assert!(units.ends_with(if named { NAMED } else { UNNAMED }), "{heading}: {units}");
        if block.contains("excel.csv") {
            expected[1] = "im2,21,,23".to_owned();
        }
        // Pictures of an array are called by their position.
        if block.contains("from_1") {
            expected.iter_mut().for_each(|row| *row = row.trim_start_matches("im").to_owned());
        }
        // Names without pictures are as the file has them.
        if !block.contains("images:") {
            expected.iter_mut().for_each(|row| *row = row.replacen(',', ".png,", 1));
        }
        let empty = |row: &String| row.replace("NaN", "");
        assert_eq!(rows.iter().map(empty).collect::<Vec<_>>(), expected, "{heading}:\n{}", ended.err());
        let json = study.ventral(&["show", "recipes/a.yaml", "rec.responses", "--json"]).json();
        let repeats = if block.contains("trials") { 3 } else { 2 };
        let has = block.contains("trials") || block.contains("repeats");
        assert_eq!(json["repeats"], if has { repeats.into() } else { serde_json::Value::Null }, "{heading}");
    }
}
