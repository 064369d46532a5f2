//! Figures and tables for a journal, through the command: sizes, text, fonts, and what is refused.

mod study;

use std::fs;

use study::Study;

const RECIPE: &str = "\
version: 1
title: A toy
seed: 0
sweep: { size: [4, 8, 16] }
nodes:
  it: { kind: synthetic_it, with: { images: 64, size: 32, units: 6, repeats: 4 } }
  px: { kind: pixels, in: { images: it.images }, with: { size: \"${size}\" } }
  readout: { kind: ridge, in: { features: px, responses: it.responses, split: it.split } }
  scores: { kind: evaluate, in: { predictions: readout, responses: it.responses, split: it.split }, with: { on: val } }
  by_size: { kind: compare, in: { scores: \"scores@*\" } }
report:
  - chart: { node: by_size, kind: bar, title: Mine, reference: { published: 0.4 } }
  - table: { node: by_size }
";

fn ran() -> Study {
    let study = Study::with(RECIPE);
    study.ventral(&["run", "recipes/a.yaml", "--no-report"]).succeeded();
    study
}

/// What reads a PDF and shares no code with what writes it.
mod needs_pypdf {
    use std::path::Path;
    use std::process::Command;

    use serde_json::{Value as Json, json};

    use super::*;

    /// Says of a PDF its pages, size in points, text, how many pictures it has, and of each font whether it is embedded.
    const READ: &str = r#"
import json, sys, pypdf
file = pypdf.PdfReader(sys.argv[1])
page = file.pages[0]
objects = [file.get_object(number) for number in range(1, file.trailer["/Size"])]
maps = [one for one in objects if isinstance(one, dict)]
json.dump({
    "pages": len(file.pages),
    "size": [float(page.mediabox.width), float(page.mediabox.height)],
    "text": " ".join(page.extract_text().split()),
    "images": sum(one.get("/Subtype") == "/Image" for one in maps),
    "embedded": ["/FontFile2" in one or "/FontFile3" in one for one in maps if one.get("/Type") == "/FontDescriptor"],
}, sys.stdout)
"#;

    fn opened(study: &Study, name: &str) -> Json {
        let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/python/bin/python");
        let read = Command::new(&python).args(["-c", READ]).arg(study.path(name)).output();
        let read = read.unwrap_or_else(|e| panic!("{} (.tools/python.sh provides it): {e}", python.display()));
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        serde_json::from_slice(&read.stdout).expect("JSON")
    }

    /// Points of a length in millimetres.
    fn points(mm: f64) -> f64 {
        mm / 25.4 * 72.0
    }

    #[test]
    fn a_pdf_has_its_size_text_as_text_and_its_fonts_and_no_pixels() {
        let study = ran();
        let wide = [
            "figure",
            "recipes/a.yaml",
            "by_size:box",
            "a.pdf",
            "--width",
            "89mm",
            "--height",
            "60mm",
            "--size",
            "7pt",
        ];
        let ended = study.ventral(&[&wide[..], &["--no-title", "--panel", "a"]].concat());
        ended.succeeded();
        assert_eq!(ended.out(), "wrote a.pdf, 89 × 60 mm\n");
        let read = opened(&study, "a.pdf");
        let side = |at: usize| read["size"][at].as_f64().expect("a number");
        assert!((side(0) - points(89.0)).abs() < 0.01 && (side(1) - points(60.0)).abs() < 0.01, "{read}");
        let text = read["text"].as_str().expect("text");
        for word in ["a", "4", "8", "16", "size", "Explained variance (fraction of variance)"] {
            assert!(text.contains(word), "no {word} in {text}");
        }
        assert!(!text.contains("by size"), "the title is left out: {text}");
        assert_eq!((&read["pages"], &read["images"]), (&json!(1), &json!(0)));
        let embedded = read["embedded"].as_array().expect("fonts");
        assert!(!embedded.is_empty() && embedded.iter().all(|one| *one == json!(true)), "{read}");
        // Equal results give equal bytes.
        let first = fs::read(study.path("a.pdf")).expect("a file");
        study.ventral(&[&wide[..], &["--no-title", "--panel", "a"]].concat()).succeeded();
        assert!(first == fs::read(study.path("a.pdf")).expect("a file"));
    }
}

#[test]
fn a_chart_is_as_the_report_has_it_and_stands_alone_as_svg() {
    let study = ran();
    study.ventral(&["figure", "recipes/a.yaml", "by_size", "a.svg", "--width", "183mm", "--font", "Arial"]).succeeded();
    let svg = fs::read_to_string(study.path("a.svg")).expect("a file");
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"183mm\" height=\""), "{svg}");
    assert!(svg.contains("font-family=\"'Arial', 'Helvetica', sans-serif\""), "{svg}");
    assert!(svg.contains(">Mine</text>") && svg.contains(">published .400</text>"), "{svg}");
    for odd in ["var(", "class=", "<style", "data-u", "<image"] {
        assert!(!svg.contains(odd), "{odd} in {svg}");
    }
    assert!(svg.contains("font-size=\"7\""), "{svg}");
}

#[test]
fn pixels_are_as_many_as_asked_for() {
    let study = ran();
    let arguments =
        ["figure", "recipes/a.yaml", "by_size", "a.png", "--width", "50mm", "--height", "40mm", "--dpi", "600"];
    study.ventral(&arguments).succeeded();
    let picture = image::open(study.path("a.png")).expect("a picture").into_rgb8();
    assert_eq!(picture.dimensions(), (1181, 945));
    assert_eq!(picture.get_pixel(0, 944).0, [255; 3]);
    assert!(picture.pixels().any(|pixel| pixel.0 != [255; 3]));
}

#[test]
fn all_figures_and_tables_are_written_at_once() {
    let study = ran();
    let ended = study.ventral(&["figures", "recipes/a.yaml", "out", "--format", "pdf,svg", "--no-title"]);
    ended.succeeded();
    let mut names: Vec<String> = fs::read_dir(study.path("out"))
        .expect("a folder")
        .map(|file| file.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let expected = [
        "01-by_size-bar.pdf",
        "01-by_size-bar.svg",
        "02-by_size.csv",
        "02-by_size.md",
        "02-by_size.tex",
        "captions.md",
    ];
    assert_eq!(names, expected);
    assert_eq!(ended.out().lines().count(), expected.len(), "{}", ended.out());
    let captions = fs::read_to_string(study.path("out/captions.md")).expect("captions");
    assert!(
        captions.starts_with("## 01-by_size-bar\n\n**Mine.** Bar: mean over units. Vertical line: ± SEM"),
        "{captions}"
    );
}

#[test]
fn tables_say_what_the_page_says() {
    let study = ran();
    for name in ["t.tex", "t.md", "t.csv"] {
        study.ventral(&["figure", "recipes/a.yaml", "by_size.table", name]).succeeded();
    }
    let read = |name: &str| fs::read_to_string(study.path(name)).expect("a file");
    let (tex, md, csv) = (read("t.tex"), read("t.md"), read("t.csv"));
    assert!(tex.contains("size & Explained variance, mean $\\pm$ SEM & median &"), "{tex}");
    assert_eq!(tex.matches("\\\\\n").count(), 4, "{tex}");
    assert!(md.starts_with("| size | Explained variance, mean ± SEM | median |"), "{md}");
    assert!(csv.starts_with("size,measure,mean,median,sem,units"), "{csv}");
    study.ventral(&["figure", "recipes/a.yaml", "by_size:bar", "n.csv"]).succeeded();
    assert!(read("n.csv").starts_with("size,"), "{}", read("n.csv"));
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let study = Study::with(RECIPE);
    let figure =
        |node: &str, more: &[&str]| study.ventral(&[&["figure", "recipes/a.yaml", node, "a.pdf"], more].concat());
    let ended = figure("by_size", &[]);
    assert_eq!(ended.status(), 1);
    let (said, remedy) = (ended.err(), "recipes/a.yaml` computes it\n");
    assert!(said.starts_with("error: `by_size` is new") && said.ends_with(remedy), "{said}");
    let ended = study.ventral(&["figures", "recipes/a.yaml", "out"]);
    assert_eq!((ended.status(), study.path("out").exists()), (1, false), "{}", ended.err());
    study.ventral(&["run", "recipes/a.yaml", "--no-report"]).succeeded();
    let refused = |node: &str, more: &[&str]| {
        let ended = figure(node, more);
        assert_eq!(ended.status(), 2, "{}", ended.err());
        ended.err()
    };
    assert_eq!(refused("by_sise", &[]), "error: `a` has no node `by_sise`; did you mean `by_size`?\n");
    assert!(
        refused("by_size:bx", &[]).starts_with("error: there is no chart `bx`; did you mean `by_size:box`? There are ")
    );
    let images = refused("by_size:images", &[]);
    assert!(images.starts_with("error: `by_size` has no chart `images`; it has bar, box, "), "{images}");
    assert!(refused("by_size", &["--height", "12mm"]).contains("a height of 12 mm is too little: with text of 7 pt"));
    assert!(refused("by_size", &["--width", "89"]).contains("`89` lacks its unit; write 89mm"));
    study.write("style.yaml", "palete: {}\n");
    assert!(
        refused("by_size", &["--style", "style.yaml"])
            .starts_with("error: style.yaml: a style has no key `palete`; did you mean")
    );
    assert!(!study.path("a.pdf").exists());
}

#[test]
fn a_style_file_colours_and_a_font_that_is_not_there_is_replaced() {
    let study = ran();
    study.write("style.yaml", "width: 60mm\ntitle: false\npalette: { main: \"#123456\" }\naxes: { lines: false }\n");
    let ended = study.ventral(&["figure", "recipes/a.yaml", "by_size", "a.svg", "--style", "style.yaml"]);
    ended.succeeded();
    let svg = fs::read_to_string(study.path("a.svg")).expect("a file");
    assert!(svg.contains("width=\"60mm\"") && svg.contains("#123456") && !svg.contains(">Mine</text>"), "{svg}");
    let ended = study.ventral(&["figure", "recipes/a.yaml", "by_size", "a.pdf", "--font", "No Such Font"]);
    ended.succeeded();
    assert!(ended.err().starts_with("note: there is no font `No Such Font` here; "), "{}", ended.err());
}

#[test]
fn the_style_file_of_the_page_is_taken_whole() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/figures.md")).expect("the page");
    let style = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a style file");
    let study = ran();
    study.write("style.yaml", style);
    let ended = study.ventral(&["figure", "recipes/a.yaml", "by_size", "a.svg", "--style", "style.yaml"]);
    ended.succeeded();
    let svg = fs::read_to_string(study.path("a.svg")).expect("a file");
    assert!(svg.contains("width=\"183mm\" height=\"70mm\"") && !svg.contains(">Mine</text>"), "{svg}");
    assert!(svg.contains("#6d4b7d") && svg.contains("Arial"), "{svg}");
}
