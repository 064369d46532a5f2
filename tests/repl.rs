//! Exploring results in Rust: what a session in evcxr can ask of a run, and how it is refused.

mod study;

use std::fs;

use study::{SMALL, Study};
use ventral::prelude::{Draft, Plan, Run, Show};

/// The small study with a comment that edits must keep.
fn commented() -> String {
    SMALL.replace("A small study", "A small study     # with a comment")
}

/// A small study that has run, and the run at hand.
fn explored() -> (Study, Run) {
    let study = Study::with(&commented());
    study.run();
    let run = Run::open(study.path("recipes/a.yaml")).expect("it opens");
    (study, run)
}

#[track_caller]
fn refused<T>(outcome: Result<T, ventral::prelude::Refusal>, words: &[&str]) {
    let Err(refusal) = outcome else { panic!("nothing was refused") };
    let text = refusal.to_string();
    for word in words {
        assert!(text.contains(word), "`{word}` is not said in: {text}");
    }
}

#[test]
fn results_come_by_name() {
    let (_study, run) = explored();
    let table = run.table("by_size").expect("a table");
    assert!(table.height() > 0 && table.numbers("mean").expect("numbers").iter().all(|mean| mean.is_finite()));
    let best = table.only("measure", "explained_variance").and_then(|t| t.by("mean")).expect("sorted");
    let means = best.numbers("mean").expect("numbers");
    assert!(means.len() == 2 && means[0] >= means[1], "{means:?}");

    let units = run.table("scores.per_unit").expect("both variants");
    assert_eq!(units.height(), 12, "six units of two variants");
    assert_eq!(units.texts("size").expect("the swept variable")[0], "4");
    let one = run.table("scores.per_unit@size=8").expect("one variant");
    assert_eq!(one.texts("r").expect("r"), units.only("size", 8).and_then(|t| t.texts("r")).expect("r"));

    let matrix = run.matrix("pcs@size=4").expect("a matrix");
    assert_eq!((matrix.rows(), matrix.columns()), (64, 8));
    assert_eq!((matrix.view().dim(), matrix.stimuli().len(), matrix.ids().len()), ((64, 8), 64, 64));
    assert_eq!(matrix.row(&matrix.ids()[5]).expect("by name"), matrix.view().row(5).to_vec());
    assert_eq!(matrix.column(3).expect("by number"), matrix.view().column(3).to_vec());
    let responses = run.matrix("it.responses").expect("responses are a matrix");
    // Some stimuli were not recorded.
    assert_eq!((responses.rows(), responses.names().len()), (responses.ids().len(), 6));
    assert!(responses.rows() > 32 && responses.rows() <= 64);
    let top = responses.top(2, 3).expect("three stimuli");
    let column = responses.column(2).expect("a unit");
    assert_eq!(responses.row(&top[0]).expect("its row")[2], column.iter().copied().fold(f32::MIN, f32::max));

    let images = run.images("it.images").expect("images");
    assert_eq!((images.len(), images.size()), (64, (32, 32)));
    let two = images.pick(&images.ids()[3..5]).expect("two");
    assert_eq!((two.len(), two.pixels(&images.ids()[4]).expect("pixels").len()), (2, 32 * 32 * 3));
}

#[test]
fn charts_are_those_of_the_report() {
    let (study, run) = explored();
    let chart = run.chart("by_size").expect("a chart");
    let text = chart.text();
    assert!(text.contains('█') && text.contains("n = 6") && text.contains(&chart.title()), "{text}");
    let html = chart.html().expect("for a notebook");
    assert!(html.contains("<svg") && html.contains("--main:") && !html.contains("color-scheme"), "{html}");
    for kind in ["violin", "bar", "histogram", "scatter"] {
        assert!(chart.kind(kind).is_ok_and(|chart| chart.html().is_some_and(|html| html.contains("<svg"))), "{kind}");
    }
    let svg = chart.y("r").and_then(|chart| chart.save(study.path("r.svg"))).expect("saved");
    let svg = fs::read_to_string(svg).expect("a file");
    assert!(svg.starts_with("<svg xmlns=") && svg.trim_end().ends_with("</svg>"), "{}", &svg[..80]);
    assert!(run.chart("pcs").is_ok_and(|chart| chart.text().contains("open()")), "a spectrum is no text");
    assert!(run.chart("it.images").is_ok_and(|chart| chart.html().is_some_and(|html| html.contains("data:image"))));
    refused(chart.kind("violine"), &["did you mean `violin`"]);
    refused(run.chart("it.split"), &["no chart of `it`", "violin"]);
    refused(chart.save("chart.gif"), &[".svg or .html"]);
}

#[test]
fn a_change_runs_what_it_changes_and_is_saved_as_a_recipe() {
    let (study, run) = explored();
    let other = run.set("components", 5).expect("a variable");
    assert_eq!(other.node("pcs").expect("a node").states(), ["stale"; 2]);
    let why = other.node("pca").expect("by its kind").why().to_string();
    assert!(why.contains("param.components: 8 → 5"), "{why}");
    refused(other.table("by_size"), &["`by_size` is stale", "`run()?`"]);
    let other = other.run().expect("it runs");
    assert_eq!(other.matrix("pcs@size=8").expect("a result").columns(), 5);
    assert_eq!(run.matrix("pcs@size=8").expect("what was there stays").columns(), 8);

    let folds = other.set("readout.folds", 4).and_then(|run| run.set("size", [8, 2])).and_then(|run| run.run());
    let folds = folds.expect("a parameter and a sweep");
    assert!(folds.plan().name.starts_with("a@components=5,readout.folds=4,size="), "{}", folds.plan().name);
    let path = folds.save_recipe("recipes/mine.yaml").expect("saved");
    let text = fs::read_to_string(&path).expect("a recipe");
    assert!(text.contains("# with a comment") && text.contains("size: [8, 2]") && text.contains("folds: 4"), "{text}");
    assert_eq!(folds.save_recipe("recipes/mine.yaml").expect("the same again"), path);
    refused(run.save_recipe("recipes/mine.yaml"), &["another recipe"]);
    refused(run.save_recipe("recipes/mine"), &[".yaml"]);
    let ran = study.ventral(&["run", "recipes/mine.yaml"]);
    assert_eq!(ran.succeeded().counts(), (0, 10), "everything that was explored is cached");
    assert!(folds.report().expect("a report").path.is_file());
}

#[test]
fn refusals_name_what_is_meant() {
    let (study, run) = explored();
    refused(run.table("scors.per_unit"), &["did you mean `scores`"]);
    refused(run.table("scores.per_unt"), &["did you mean `per_unit`"]);
    refused(run.table("pcs@size=4"), &["no Table but Matrix", "matrix(\"pcs.scores@size=4\")"]);
    refused(run.matrix("pcs"), &["2 results", "pcs.scores@size=4, pcs.scores@size=8"]);
    refused(run.matrix("pcs@size=5"), &["no variant", "pcs@size=4"]);
    refused(run.matrix("by_size"), &["`table("]);
    refused(run.images("it.labels"), &["no Images but Labels"]);
    refused(run.matrix("pcs.components@size=4"), &["nothing reads it", "make(\"pcs.components\")?"]);
    refused(run.node("reedout"), &["did you mean `readout`"]);
    refused(run.set("componets", 3), &["did you mean `components`"]);
    refused(run.set("pcs.componets", 3), &["did you mean `components`"]);
    refused(run.set("components", 0).and_then(|run| run.run()), &["components"]);
    let table = run.table("by_size").expect("a table");
    refused(table.numbers("meen"), &["did you mean `mean`"]);
    refused(table.numbers("measure"), &["no numbers"]);
    refused(table.only("measure", "explained_varianc"), &["did you mean `explained_variance`"]);
    let matrix = run.matrix("pcs@size=4").expect("a matrix");
    refused(matrix.row("no such picture"), &["no row"]);
    refused(matrix.column(99), &["no column `99`", "it has 8"]);
    refused(run.images("it.images").expect("images").pick(["x"]), &["no stimulus `x`"]);
    refused(Run::open(study.path("recipes/aa.yaml")), &["did you mean", "a.yaml"]);
    let new = Study::with(&commented());
    let new = Run::open(new.path("recipes/a.yaml")).expect("it opens");
    refused(new.table("by_size"), &["`by_size` is new", "`run()?` computes it here", "ventral run"]);
    refused(new.chart("by_size"), &["`by_size` is new", "`run()?`"]);
    refused(run.set("readout.alphas", [-1.0]), &["readout", "alphas"]);
}

#[test]
fn what_nothing_reads_is_made_when_asked_for() {
    let (_study, run) = explored();
    let run = run.make("pcs.components").expect("made");
    assert_eq!(run.matrix("pcs.components@size=4").expect("a result").rows(), 8);
}

#[test]
fn a_plan_is_built_in_rust() {
    let (study, run) = explored();
    let draft = Draft::new("b")
        .seed(3)
        .node("it", "synthetic_it")
        .with("images", 64)
        .with("size", 32)
        .with("units", 6)
        .with("repeats", 4)
        .node("px", "pixels")
        .input("images", "it.images")
        .with("size", 4);
    let plan: Plan = draft.plan().expect("it checks");
    // In the workspace of the study, where the same nodes have run under other names.
    let plan = Plan { workspace: study.path(""), ..plan };
    let built = Run::of(plan);
    assert_eq!(built.node("px").expect("a node").states(), ["cached"]);
    let (there, here) = (built.matrix("px").expect("a matrix"), run.matrix("px@size=4").expect("the same"));
    assert_eq!(there.view(), here.view());
    let finer = built.set("px.size", 6).and_then(|run| run.run()).expect("it runs");
    assert_eq!(finer.matrix("px").expect("a matrix").columns(), 6 * 6 * 3);
    let path = finer.save_recipe("recipes/built.yaml").expect("saved").display().to_string();
    assert_eq!(study.ventral(&["run", &path]).succeeded().counts(), (0, 2));
    refused(draft.clone().with("sizes", 4).plan(), &["did you mean `size`"]);
    refused(draft.node("px", "pixels").plan(), &["two nodes named `px`"]);
    refused(Draft::new("c").with("size", 4).plan(), &["before any node"]);
}

#[test]
fn everything_shows_as_text_and_for_notebooks() {
    let (_study, run) = explored();
    let table = run.table("by_size");
    assert!(table.text().contains("explained_variance") && table.html().is_some_and(|html| html.contains("<table>")));
    assert!(run.text().contains("by_size") && run.html().is_some_and(|html| html.contains("cached")));
    let graph = run.graph();
    assert!(graph.text().contains("pcs@size=4") && graph.html().is_some_and(|html| html.contains("<svg")));
    assert!(run.node("scores").text().contains("per_unit (Table)"));
    let matrix = run.matrix("pcs@size=4");
    assert!(
        matrix.text().contains("64 stimuli × 8 columns") && matrix.text().contains("fitted by pca"),
        "{}",
        matrix.text()
    );
    let images = run.images("it.images");
    assert!(images.text().contains("64 images") && images.html().is_some_and(|html| html.contains("data:image/png")));
    assert!(run.table("nothing").text().contains("has no node `nothing`"));
    assert!(run.plan().text().contains("by_size"));
    assert_eq!(format!("{run:?}"), "Run of a (10 nodes)");
    assert_eq!(
        (12usize.text(), Some("x").text(), vec![1.5].text()),
        ("12".into(), "Some(\"x\")".into(), "[1.5]".into())
    );
}

const HALVING: &str = "\
version: 1
search:
  method: halving
  trials: 4
  over: { side: [3, 4, 5, 6] }
  rungs: { components: [2, 4, 8] }
  by: scores.summary
nodes:
  it: { kind: synthetic_it, with: { images: 64, size: 32, units: 4, repeats: 4 } }
  px: { kind: pixels, in: { images: it.images }, with: { size: \"${side}\" } }
  pcs: { kind: pca, in: { features: px, split: it.split }, with: { components: \"${components}\" } }
  readout: { kind: ridge, in: { features: pcs, responses: it.responses, split: it.split } }
  scores: { kind: evaluate, in: { predictions: readout, responses: it.responses, split: it.split }, with: { on: val } }
";

/// How many trials stand on each rung.
fn rungs(run: &Run) -> [usize; 3] {
    let names = run.node("scores").expect("a node").names();
    ["2", "4", "8"].map(|k| names.iter().filter(|name| name.contains(&format!("components={k}"))).count())
}

#[test]
fn a_search_by_halving_goes_rung_by_rung() {
    let study = Study::with(HALVING);
    let before = Run::open(study.path("recipes/a.yaml")).expect("it opens");
    assert_eq!(rungs(&before), [4, 0, 0]);
    let after = before.run().expect("it runs");
    assert_eq!(rungs(&after), [4, 2, 1]);
    assert!(after.node("scores").expect("a node").states().iter().all(|state| *state == "cached"));
    let opened = Run::open(study.path("recipes/a.yaml")).expect("it opens");
    assert_eq!(rungs(&opened), [4, 2, 1], "as far as the cache decides it");
    assert_eq!(study.run().0, 0, "the command has nothing left to run");
    // Another search of the same recipe begins at its first rung again, and what was set stays set along the way.
    let other = opened.set("readout.alphas", [1.0, 10.0]).expect("a parameter");
    assert_eq!(rungs(&other), [4, 0, 0]);
    let other = other.run().expect("it runs");
    assert_eq!(rungs(&other), [4, 2, 1]);
    assert_eq!(other.node("readout").expect("a node").params()[0].get("alphas").expect("set"), "[1.0, 10.0]");
    let saved = other.save_recipe("recipes/b.yaml").expect("it is saved, with its decided rungs");
    assert_eq!(rungs(&Run::open(saved).expect("it opens")), [4, 2, 1]);
}
