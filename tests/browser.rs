//! A report in a real browser: it says nothing on the console, fits phones and desks, and does what it offers.
//!
//! A probe page holds the report in frames of several widths, measures it, clicks in it, and leaves what it found in its
//! own text, which headless Chromium prints.

mod needs;
mod study;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;
use study::Study;

const SMALL: &str = "\
version: 1
title: Which size of a <b>picture</b> explains simulated IT best?
about: The *smaller* one? [elsewhere](https://example.org)
seed: 3
sweep: { size: [2, 4, 8] }
nodes:
  it: { kind: synthetic_it, with: { images: 160, size: 32, units: 16, repeats: 4 } }
  ceiling: { kind: noise_ceiling, in: { responses: it.responses } }
  px: { kind: pixels, in: { images: it.images }, with: { size: \"${size}\" } }
  pcs: { kind: pca, in: { features: px, split: it.split }, with: { components: 8 } }
  readout: { kind: ridge, in: { features: pcs, responses: it.responses, split: it.split } }
  scores:
    kind: evaluate
    in: { predictions: readout, responses: it.responses, split: it.split, ceiling: ceiling }
    with: { on: val }
  by_size: { kind: compare, in: { scores: \"scores@*\" } }
  too_many: { kind: pca, in: { features: px, split: it.split }, with: { components: 10000 } }
";

fn open(chromium: &Path, page: &Path, arguments: &[&str]) -> Output {
    let profile = tempfile::tempdir().expect("a folder");
    let quiet = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
                 --disable-component-update --disable-sync --hide-scrollbars --enable-logging=stderr";
    let output = Command::new(chromium)
        .args(quiet.split_whitespace())
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(arguments)
        .arg(format!("file://{}", page.display()))
        .output();
    output.expect("Chromium starts")
}

/// What pages said on the console.
fn console(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stderr);
    // Chromium's own pages speak there too: of a slow network, where there is none.
    let of_page = |line: &&str| line.contains(":CONSOLE") && !line.contains("source: chrome://");
    text.lines().filter(of_page).map(str::to_owned).collect()
}

const PROBE: &str = r#"<!doctype html><meta charset="utf-8"><body><script>
const widths = [360, 390, 768, 1280];
const found = {};
let left = widths.length;
for (const width of widths) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${width}px;height:900px;border:0`;
  frame.src = "index.html";
  frame.onload = () => {
    const page = frame.contentDocument, root = page.scrollingElement, seen = (x) => x.getClientRects().length > 0;
    const all = (selector) => [...page.querySelectorAll(selector)];
    all("details").forEach((d) => { d.open = true; });
    const box = (x) => x.getBoundingClientRect();
    const here = found[width] = {
      title: page.title, overflow: root.scrollWidth - root.clientWidth,
      wide: all("main *, header *").filter((x) => seen(x) && !x.closest(".scroll, svg, pre") && box(x).right > width + 1).map((x) => x.outerHTML.slice(0, 120)),
      figures: all("figure").length, pictures: all("figure svg[role=img], figure svg[aria-label]").filter(seen).length,
      hidden: all("figure").filter((f) => ![...f.querySelectorAll("svg, .sheet")].some((s) => seen(s) && box(s).width > 100 && box(s).height > 24)).map((f) => f.id),
      nameless: all("figure .panel svg, #graph svg").filter((s) => seen(s) && !s.getAttribute("aria-label") && !s.querySelector(":scope > title")).length,
      cut: all("figure svg text").filter((t) => seen(t) && t.textContent.trim() && (box(t).left < box(t.ownerSVGElement).left - 1 || box(t).right > box(t.ownerSVGElement).right + 1)).map((t) => `${t.closest("figure").id}: ${t.textContent}`),
      small: all("figure svg text").filter((t) => seen(t) && t.textContent.trim() && box(t).height < 8).length,
      undefined_scores: all("figure").filter((f) => !f.querySelector("figcaption").textContent.trim()).map((f) => f.id),
      variants: ["2", "4", "8"].every((size) => [...page.querySelector("figure.key").querySelectorAll("svg text")].some((t) => seen(t) && t.textContent === size)),
      unticked: all("figure .panel svg").filter((s) => seen(s) && s.querySelectorAll("text.t-muted").length < 3).map((s) => s.closest("figure").id),
      headings: all("h2").map((h) => h.textContent),
      bold: all("h1 b").length, requests: frame.contentWindow.performance.getEntriesByType("resource").map((r) => r.name).filter((n) => !n.startsWith("data:")),
    };
    const table = all("table[data-sort]")[0], column = [...table.tHead.rows[0].cells].findIndex((c) => c.classList.contains("n"));
    const values = () => [...table.tBodies[0].rows].map((r) => r.cells[column].dataset.v).filter((v) => v !== undefined).map(Number);
    table.tHead.rows[0].cells[column].querySelector("button").click();
    here.descending = values().every((v, i, a) => !i || a[i - 1] >= v);
    table.tHead.rows[0].cells[column].querySelector("button").click();
    here.ascending = values().every((v, i, a) => !i || a[i - 1] <= v);
    const background = () => frame.contentWindow.getComputedStyle(page.body).backgroundColor;
    const before = background();
    [...page.querySelectorAll(".tools button")].at(-1).click();
    here.themes = [before, background()];
    const mark = page.querySelector("g[data-u]");
    mark.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    here.hits = all("g[data-u].hit").length; here.unit = mark.dataset.u;
    if (!--left) {
      const out = document.createElement("pre");
      out.id = "found"; out.textContent = JSON.stringify(found);
      document.body.replaceChildren(out);
    }
  };
  document.body.append(frame);
}
</script>"#;

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[test]
fn a_report_is_one_file_that_asks_for_nothing() {
    let study = Study::with(SMALL);
    study.ventral(&["run", "recipes/a.yaml"]);
    let page = fs::read_to_string(study.path("reports/a/index.html")).expect("a report");
    assert!(page.contains("Content-Security-Policy") && page.contains("default-src 'none'"));
    for asking in
        ["src=\"http", "src=\"/", "src=\"file", "url(", "@import", "<link rel=\"stylesheet", "fetch(", "XMLHttpRequest"]
    {
        assert!(!page.contains(asking), "the page has `{asking}`");
    }
    assert!(!page.contains("<b>picture</b>"), "markup in a title is text");
    let here = study.folder.path().display().to_string();
    assert!(!page.contains(&here), "a path of this machine");
    let before = fs::metadata(study.path("reports/a/index.html")).and_then(|meta| meta.modified()).expect("a time");
    study.ventral(&["run", "recipes/a.yaml"]);
    let after = fs::metadata(study.path("reports/a/index.html")).and_then(|meta| meta.modified()).expect("a time");
    assert_eq!(before, after, "an unchanged report is not rendered again");
}

mod needs_chromium {
    use super::*;

    #[test]
    fn a_report_fits_every_screen_and_does_what_it_offers() {
        let chromium = needs::chromium();
        let study = Study::with(SMALL);
        assert_eq!(study.ventral(&["run", "recipes/a.yaml"]).status(), 1, "one branch fails, and the report says so");
        let folder = study.path("reports/a");
        fs::write(folder.join("probe.html"), PROBE).expect("written");
        let flags =
            ["--allow-file-access-from-files", "--virtual-time-budget=20000", "--window-size=1400,1000", "--dump-dom"];
        let output = open(&chromium, &folder.join("probe.html"), &flags);
        assert_eq!(console(&output), [""; 0], "the page speaks on the console");
        let dom = String::from_utf8_lossy(&output.stdout);
        let found = dom.split_once("<pre id=\"found\">").and_then(|(_, rest)| rest.split_once("</pre>"));
        let (found, _) = found.unwrap_or_else(|| panic!("the probe did not finish:\n{}", &dom[..dom.len().min(2000)]));
        let found: Json = serde_json::from_str(&unescaped(found)).expect("JSON");
        for width in ["360", "390", "768", "1280"] {
            let page = &found[width];
            assert!(
                page["title"].as_str().is_some_and(|title| title.contains("Which size of a <b>picture</b>")),
                "{page}"
            );
            assert_eq!(page["bold"], 0, "markup in a title is text");
            assert_eq!(page["variants"], true, "the axis names the variants");
            assert_eq!(page["overflow"], 0, "at {width} pixels the page scrolls sideways: {}", page["wide"]);
            for flaw in ["wide", "hidden", "cut", "undefined_scores", "unticked", "requests"] {
                assert_eq!(page[flaw], Json::Array(Vec::new()), "{flaw} at {width} pixels");
            }
            for flaw in ["nameless", "small"] {
                assert_eq!(page[flaw], 0, "{flaw} at {width} pixels");
            }
            assert!(page["figures"].as_u64().is_some_and(|count| count >= 6), "{page}");
            assert_eq!(
                (&page["descending"], &page["ascending"]),
                (&Json::Bool(true), &Json::Bool(true)),
                "tables sort"
            );
            assert_ne!(page["themes"][0], page["themes"][1], "the theme changes");
            assert!(page["hits"].as_u64().is_some_and(|count| count >= 1), "a unit that is clicked is shown: {page}");
            let headings = page["headings"].to_string();
            for heading in ["Results", "Notes", "Graph", "Recipe", "Provenance"] {
                assert!(headings.contains(heading), "no {heading} in {headings}");
            }
        }
    }

    #[test]
    fn a_screenshot_shows_a_page() {
        let chromium = needs::chromium();
        let study = Study::with(SMALL);
        study.ventral(&["run", "recipes/a.yaml"]);
        for (width, least) in [(1280, 40_000), (500, 20_000)] {
            let file = study.path(&format!("{width}.png"));
            let flags = [format!("--screenshot={}", file.display()), format!("--window-size={width},1600")];
            open(&chromium, &study.path("reports/a/index.html"), &flags.each_ref().map(String::as_str));
            let picture = image::open(&file).expect("a screenshot").to_rgb8();
            assert_eq!(picture.width(), width);
            let colours: std::collections::BTreeSet<[u8; 3]> = picture.pixels().map(|pixel| pixel.0).collect();
            let inked = picture.pixels().filter(|pixel| **pixel != *picture.get_pixel(2, 2)).count();
            assert!(colours.len() > 60 && inked > least, "{} colours, {inked} pixels at {width}", colours.len());
        }
    }
}
