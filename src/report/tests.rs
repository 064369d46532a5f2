//! The page as a whole: what stands in it, what must never, and what odd data do to it.

use serde_json::{Value as Json, json};

use crate::engine::record::State;
use crate::plan::{Chart, NodeIndex, ReportItem};
use crate::report::fixture::{Fixture, Options, fixture};
use crate::report::{charts, fingerprint, render};

fn page(fixture: &Fixture) -> String {
    let page = render(&fixture.study()).expect("a page");
    // For whoever wants to look: REPORT_PAGES=folder cargo test report
    if let Ok(folder) = std::env::var("REPORT_PAGES") {
        let name = std::thread::current().name().unwrap_or("page").replace("::", "_");
        std::fs::write(format!("{folder}/{name}.html"), &page).expect("a folder that can be written");
    }
    page
}

fn chart(kind: &str, nodes: Vec<NodeIndex>) -> Chart {
    Chart { nodes, kind: Some(kind.to_owned()), ..Chart::default() }
}

fn with(options: Json, chart: Chart) -> Chart {
    Chart { options: options.as_object().expect("a map of options").clone(), ..chart }
}

fn nodes(fixture: &Fixture, name: &str) -> Vec<NodeIndex> {
    fixture.plan.find(name)
}

/// The values of all attributes of a name.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let marker = format!(" {name}=\"");
    page.split(&marker).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// Asserts that every element that opens inside an SVG closes, in order.
#[track_caller]
fn assert_well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>').expect("a tag closes");
        let tag = &rest[..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "an attribute is not closed: {tag}");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "left open: {open:?}");
}

#[test]
fn a_study_of_nine_layers_has_every_default_chart() {
    let fixture = fixture(Options::default());
    let page = page(&fixture);
    for part in [
        "features.9 explains V4 best",
        "held-out test stimuli",
        "Explained variance by layer",
        "features.9 against the others",
        "Predicted against measured responses, layer features.9",
        "Explained variance over units",
        "Noise ceiling over units",
        "Noise-corrected explained variance by layer",
        "Spectrum of the features",
        "Penalties chosen",
        "Example stimuli",
        "the grid of penalties was extended",
        "ventral run recipes&#x2f;v4_layers.yaml",
        "--node scores@layer=features.9",
        "1 − Var(y − ŷ) &#x2f; Var(y)",
        "320 stimuli (pca)",
        "Unit site",
    ] {
        assert!(page.contains(part), "no {part:?}");
    }
    assert!(page.contains("data-private"), "stimuli of a private node are marked");
    let takes = page.matches(" download=\"v4_layers-").count();
    assert!(takes >= page.matches("<figure ").count(), "{takes}: every chart and table gives its numbers");
    assert!(page.contains("layer,unit,explained_variance%0Afeatures.1,site00,"));
    assert_eq!(page.matches("data:image/jpeg;base64,").count(), 24 + 16, "examples, and the best and worst predicted");
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    assert!(!page.contains("/somewhere"), "no path of this machine");
}

#[test]
fn every_picture_is_well_formed_and_described() {
    let page = page(&fixture(Options { fails: vec!["readout".to_owned()], ..Options::default() }));
    let pictures: Vec<&str> = page.split("<svg").skip(1).map(|rest| rest.split("</svg>").next().unwrap()).collect();
    assert!(pictures.len() > 8, "{}", pictures.len());
    for picture in pictures {
        let picture = format!("<svg{picture}</svg>");
        assert_well_formed(&picture);
        let head = &picture[..picture.find('>').unwrap()];
        assert!(head.contains("aria-label=\"") || head.contains("aria-hidden"), "{head}");
        assert!(head.contains("viewBox"), "{head}");
        assert!(!picture.contains("NaN") && !picture.contains("inf"), "{head}");
    }
}

#[test]
fn a_page_asks_nothing_of_anyone() {
    let page = page(&fixture(Options::default()));
    for source in attributes(&page, "src") {
        assert!(source.starts_with("data:"), "{source}");
    }
    for target in attributes(&page, "href") {
        let own = target == "data:," || target.starts_with("data:text&#x2f;csv;");
        assert!(target.starts_with('#') || own, "{}", &target[..target.len().min(80)]);
        assert!(target.len() < 2 || own || page.contains(&format!("id=\"{}\"", &target[1..])), "{target}");
    }
    for bad in ["@import", "url(", "fetch(", "XMLHttpRequest", "<link rel=\"stylesheet\"", "<iframe"] {
        assert!(!page.contains(bad), "{bad}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn equal_studies_give_equal_bytes_and_equal_fingerprints() {
    let (one, other) = (fixture(Options::default()), fixture(Options::default()));
    assert_eq!(page(&one), render(&other.study()).unwrap());
    assert_eq!(fingerprint(&one.study()), fingerprint(&other.study()));
    let mut cached = fixture(Options::default());
    for outcome in &mut cached.outcomes {
        outcome.state = State::Cached;
    }
    assert_eq!(fingerprint(&one.study()), fingerprint(&cached.study()), "who ran it is no part of a page");
    assert_eq!(render(&one.study()), render(&cached.study()));
    cached.plan.title.push('!');
    assert_ne!(fingerprint(&one.study()), fingerprint(&cached.study()));
    let mut stale = fixture(Options::default());
    stale.outcomes[NodeIndex::from(3)].state = State::Stale;
    assert_ne!(fingerprint(&one.study()), fingerprint(&stale.study()));
}

#[test]
fn hostile_names_stay_text() {
    let evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u{1}";
    let mut units: Vec<String> = (0..7).map(|n| format!("{evil}{n}")).collect();
    units.push("${x}{{ 7 * 7 }}".to_owned());
    let mut fixture = fixture(Options {
        layers: vec![evil.to_owned(), "b<i>".to_owned()],
        units,
        stimuli: 40,
        title: evil.to_owned(),
        ..Options::default()
    });
    fixture.plan.source = format!("title: {evil}\n");
    fixture.plan.about = evil.to_owned();
    fixture.plan.name = evil.to_owned();
    fixture.outcomes[NodeIndex::from(0)].records[0].notes = vec![evil.to_owned()];
    let page = page(&fixture);
    assert_eq!(page.matches("<script>").count(), 1, "the page's own");
    assert_eq!(page.matches("</script>").count(), 1);
    assert!(!page.contains("<img src=x"));
    assert!(!page.contains("b<i>"));
    assert!(page.contains("{{ 7 * 7 }}"), "data are no template");
    assert!(page.contains("&lt;script&gt;alert(1)"));
    for picture in page.split("<svg").skip(1).map(|rest| rest.split("</svg>").next().unwrap()) {
        assert_well_formed(&format!("<svg{picture}</svg>"));
    }
}

#[test]
fn failures_are_said_at_the_top_and_the_rest_is_shown() {
    let page = page(&fixture(Options { fails: vec!["readout".to_owned()], ..Options::default() }));
    let top = &page[..page.find("<main>").unwrap()];
    assert!(top.contains("1 of 30 nodes failed."), "{top}");
    assert!(top.contains("<code>features</code> has 1200 rows but <code>responses</code> has 1188"));
    assert!(top.contains("2 of 30 nodes skipped"));
    assert!(page.contains("Penalties chosen"));
    assert!(top.contains("explains V4 best"), "eight evaluations stand");
}

#[test]
fn a_study_that_never_ran_is_a_page_all_the_same() {
    let mut fixture = fixture(Options::default());
    for outcome in &mut fixture.outcomes {
        outcome.state = State::New;
        outcome.records.clear();
    }
    let told = page(&fixture);
    assert!(told.contains("No scores yet.") && told.contains("30 of 30 nodes not run yet."));
    fixture.outcomes.clear();
    assert!(page(&fixture).contains("30 of 30 nodes not run yet."));
}

#[test]
fn odd_data_never_panic() {
    let one = |layers: usize, units: usize, stimuli: usize, nulls: bool, folds: bool| Options {
        layers: (0..layers).map(|at| at.to_string()).collect(),
        units: (0..units).map(|at| at.to_string()).collect(),
        stimuli,
        nulls,
        folds,
        ..Options::default()
    };
    for options in [
        one(1, 1, 1, false, false),
        one(1, 1, 6, false, false),
        one(2, 1, 12, true, false),
        one(3, 5, 30, true, true),
        one(3, 5, 30, false, true),
        one(1, 0, 10, false, false),
        one(40, 12, 20, false, false),
    ] {
        let fixture = fixture(options);
        let page = page(&fixture);
        // Pictures in base64 may spell anything; a word stands alone.
        assert!(page.split(|c: char| !c.is_ascii_alphanumeric()).all(|word| word != "NaN"));
    }
}

#[test]
fn a_damaged_value_is_told_and_the_page_stands() {
    let fixture = fixture(Options { stimuli: 30, ..Options::default() });
    let last = fixture.outcomes.last().unwrap();
    for stored in last.outputs() {
        let path = fixture.study().objects.get(stored).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(path, b"no parquet").unwrap();
    }
    let page = page(&fixture);
    assert!(page.contains("3 values in the cache cannot be read."));
    assert!(!page.contains(&fixture.cache.path().display().to_string()), "no path of this machine");
}

#[test]
fn charts_of_every_kind_can_be_asked_for() {
    let mut fixture = fixture(Options { extended: false, trained: true, alike: true, ..Options::default() });
    let (compare, scores) = (nodes(&fixture, "by_layer"), nodes(&fixture, "scores"));
    let of = |kind: &str| match kind {
        "images" => nodes(&fixture, "v4"),
        "spectrum" | "line" => nodes(&fixture, "pcs"),
        "penalties" => nodes(&fixture, "readout"),
        "histogram" | "scatter" | "responses" | "stimuli" => scores.clone(),
        "learning" => nodes(&fixture, "cnn"),
        "confusion" => nodes(&fixture, "objects"),
        "sweep" => nodes(&fixture, "best"),
        "similarity" => nodes(&fixture, "rsa"),
        "map" => nodes(&fixture, "cka"),
        "shares" => nodes(&fixture, "banded"),
        "rankings" => nodes(&fixture, "agree"),
        _ => compare.clone(),
    };
    let mut items: Vec<ReportItem> = charts()
        .names()
        .map(|kind| {
            let options = match kind {
                "line" => json!({ "x": "component", "y": "explained" }),
                "box" | "bar" => json!({ "reference": { "published": 0.406 } }),
                _ => json!({}),
            };
            let chart = with(options, chart(kind, of(kind)));
            ReportItem::Chart(Chart { title: Some(format!("The {kind} chart")), ..chart })
        })
        .collect();
    items.push(ReportItem::Text("Some *words* between.".to_owned()));
    items.push(ReportItem::Table { nodes: compare.clone(), port: None });
    items.push(ReportItem::Table { nodes: scores.clone(), port: Some("summary".to_owned()) });
    fixture.plan.report = items;
    let told = page(&fixture);
    for kind in charts().names() {
        assert!(told.contains(&format!("The {kind} chart")), "{kind}");
    }
    assert!(!told.contains("class=\"missing\""), "{}", &told[told.find("class=\"missing\"").unwrap_or(0)..][..200]);
    assert!(told.contains("published .406"));
    assert!(told.contains("Some <em>words</em> between."));

    fixture.plan.report = vec![ReportItem::Chart(chart("boxplot", compare))];
    let error = render(&fixture.study()).unwrap_err().to_string();
    assert!(
        error.contains("there is no chart `boxplot`; did you mean `box`?; there are against_ceiling, bar, box,"),
        "{error}"
    );
}

#[test]
fn a_report_begins_as_its_recipe_says_and_answers_by_its_measure() {
    let mut fixture = fixture(Options::default());
    let compare = nodes(&fixture, "by_layer");
    let box_of = |measure: &str| ReportItem::Chart(with(json!({ "y": measure }), chart("box", compare.clone())));
    let text = || ReportItem::Text("First my words.".to_owned());
    let table = ReportItem::Table { nodes: compare.clone(), port: None };
    let answer = |page: &str| {
        let from = page.find("<p class=\"answer\">").expect("an answer");
        page[from..].split("</p>").next().unwrap_or_default().to_owned()
    };
    fixture.plan.report = vec![text(), box_of("r"), table.clone()];
    let told = page(&fixture);
    let at = |part: &str| told.find(part).unwrap_or_else(|| panic!("{part} is not there"));
    assert!(at("First my words.") < at("class=\"key card\"") && at("class=\"key card\"") < at("<table data-sort>"));
    assert!(
        answer(&told).contains("mean correlation") && !answer(&told).contains("explained variance"),
        "{}",
        answer(&told)
    );
    assert!(!told.contains("class=\"contents\""), "few figures need no list");
    // A table first stays first.
    fixture.plan.report = vec![text(), table, box_of("explained_variance")];
    let told = page(&fixture);
    let at = |part: &str| told.find(part).unwrap_or_else(|| panic!("{part} is not there"));
    assert!(at("First my words.") < at("<table data-sort>") && at("<table data-sort>") < at("<figure"));
    assert!(answer(&told).contains("explained variance"), "{}", answer(&told));
    // Many figures are listed, each with a link that leads to it.
    fixture.plan.report = Vec::new();
    let told = page(&fixture);
    let from = told.find("class=\"contents\"").expect("a list");
    let list = told[from..].split("</ol>").next().unwrap_or_default();
    let links = attributes(list, "href");
    assert!(links.len() > 4);
    for link in links {
        assert!(told.contains(&format!("id=\"{}\"", link.trim_start_matches('#'))), "{link}");
    }
}

#[test]
fn a_training_a_decoder_and_a_choice_have_their_charts() {
    let page = page(&fixture(Options { trained: true, ..Options::default() }));
    for part in [
        "Learning curves",
        "24 epochs, the best after",
        "Explained variance on validation",
        "Step size",
        "Classes taken for one another",
        "animals taken for animals: 15 of",
        "right (.",
        "The sweep over layer and components",
        "the best is layer features.9, components 500 with .3",
        "Stimuli predicted best and worst",
        "1 is as good as predicting the mean",
        "Response profiles, layer features.9",
        "mean measured responses to 8 objects",
        "objects.summary",
        "best.choice",
    ] {
        assert!(page.contains(part), "no {part:?}");
    }
    let errors = page.split("stimuli-predicted-best-and-worst-layer-features.9.csv").nth(1).expect("numbers");
    let errors = errors.split("stimulus,error%0A").nth(1).and_then(|rest| rest.split('"').next()).expect("a table");
    let errors: Vec<f64> = errors.split("%0A").filter_map(|line| line.split_once(',')?.1.parse().ok()).collect();
    assert!(errors.len() == 80 && errors.is_sorted() && errors[0] > 0.0, "every scored stimulus, the best first");
    let losses = page.split("<h4>Loss</h4>").nth(1).expect("a panel of losses");
    let losses = &losses[..losses.find("</svg>").expect("a chart")];
    assert!(losses.contains("train loss") && losses.contains("val loss"), "training and validation share a panel");
    assert!(!losses.contains("explained"), "scores of another definition never share its axis");
}

#[test]
fn pages_for_everyone_leave_private_pictures_out() {
    use crate::report::Audience;
    let fixture = fixture(Options::default());
    let study = crate::report::Study { audience: Audience::Everyone, ..fixture.study() };
    let page = render(&study).unwrap();
    assert!(!page.contains("data:image/jpeg"), "no picture of a private node");
    assert!(page.contains("Example stimuli: left out, since these pictures are private."));
    assert!(page.contains("Stimuli predicted best and worst, layer features.9: left out"));
    assert_ne!(fingerprint(&study), fingerprint(&fixture.study()));
    let mut open = fixture;
    open.plan.private = Some(Vec::new());
    let study = crate::report::Study { audience: Audience::Everyone, ..open.study() };
    assert!(render(&study).unwrap().contains("data:image/jpeg"), "`private: []` tells otherwise");
}

#[test]
fn named_units_are_shown_in_their_order() {
    let mut fixture = fixture(Options::default());
    let at = nodes(&fixture, "scores@layer=features.6");
    let options = json!({ "units": ["site33", "site02", "nobody"] });
    fixture.plan.report = vec![ReportItem::Chart(with(options, chart("scatter", at)))];
    let page = page(&fixture);
    let (first, second) = (page.find("Unit site33").unwrap(), page.find("Unit site02").unwrap());
    assert!(first < second);
    assert!(page.contains("layer=features.6"));
}

#[test]
fn draws_of_one_study_are_no_variants_to_pick_from() {
    let mut fixture = fixture(Options::default());
    let text = page(&fixture);
    assert!(text.contains("It was picked among 9 variants by this very score."));
    for (seed, at) in nodes(&fixture, "pcs").into_iter().enumerate() {
        fixture.plan.nodes[at].params["seed"] = json!(seed);
    }
    let text = page(&fixture);
    assert!(!text.contains("picked among") && !text.contains(" best: mean"), "{text}");
    assert!(text.contains("The model explains V4 with a mean explained variance of"), "{text}");
    assert!(text.contains("held-out test stimuli, mean over 9 draws."), "{text}");
    assert!(text.contains("Over draws, the mean over units is"), "{text}");
}
