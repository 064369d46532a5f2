//! `ventral compare`.

use std::path::Path;

use clap::Args;

use super::{Failure, Outcome, assignment, open, terminal};
use crate::engine::store::Store;
use crate::registry::{Registry, nearest};
use crate::versus::{Change, Contrast, Side, Versus, versus};

/// What changed between two studies: in what was done, and unit by unit in what came of it
///
/// Evaluations of one name (and variant) are paired, over the units that both score: the mean difference B − A, its 95 %
/// bootstrap interval over units, and Wilcoxon's signed-rank test. Nothing runs. Scores of different definitions, parts of
/// a split or responses are not compared, and it says so.
#[derive(Args)]
#[command(after_help = "Examples:\n  ventral compare recipes/v4.yaml recipes/v4_deeper.yaml\n  \
    ventral compare quickstart quickstart@components=100      (two runs of one recipe, by their reports' names)\n  \
    git show HEAD~1:recipes/v4.yaml > before.yaml; ventral compare before.yaml recipes/v4.yaml")]
pub struct Compare {
    /// A recipe, or the name of a report, such as quickstart@components=100
    a: String,
    /// Another one
    b: String,
    /// Override a variable of A
    #[arg(long, value_name = "K=V", value_parser = assignment)]
    set_a: Vec<(String, String)>,
    /// Override a variable of B
    #[arg(long, value_name = "K=V", value_parser = assignment)]
    set_b: Vec<(String, String)>,
    /// Every measure, not the first alone
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Compare {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let a = Side::new(side(&self.a, &self.set_a, registry)?);
        let b = Side::new(side(&self.b, &self.set_b, registry)?);
        let found = versus(&a, &b);
        if self.json {
            terminal::print_json(&serde_json::to_value(&found).expect("a comparison serialises"));
        } else {
            let titles = [&a, &b].map(|side| side.session.plan.title.clone());
            terminal::print(&told(&found, &titles, self.all));
        }
        if found.contrasts.is_empty() {
            return Err(Failure::Failed("no evaluation of the two could be compared".to_owned()));
        }
        Ok(())
    }
}

/// The study that a recipe's path or a report's name means.
fn side(text: &str, set: &[(String, String)], registry: &Registry) -> Result<crate::workspace::Session, Failure> {
    let path = Path::new(text);
    if path.is_file() {
        return open(path, registry, set);
    }
    let workspace = crate::recipe::workspace_of(Path::new("recipe.yaml"));
    let histories = Store::read_only(&workspace.join("cache")).histories();
    if let Some(history) = histories.get(text) {
        let set: Vec<(String, String)> = history.set.iter().chain(set).cloned().collect();
        return open(&history.path, registry, &set);
    }
    let hint = nearest(text, histories.keys().map(String::as_str)).map(|near| format!("; did you mean `{near}`?"));
    Err(Failure::Usage(format!(
        "`{text}` is neither a recipe nor a report of this workspace{}",
        hint.unwrap_or_default()
    )))
}

fn told(found: &Versus, titles: &[String; 2], all: bool) -> String {
    let mut text = format!("A  {}  {}\nB  {}  {}\n", found.a, titles[0], found.b, titles[1]);
    text += "\nWhat was done otherwise\n";
    if found.changes.is_empty() {
        text += "  nothing\n";
    }
    for change in &found.changes {
        text += &format!("  {}\n", line(change));
    }
    let measures: Vec<&str> = found.contrasts.iter().fold(Vec::new(), |mut known, contrast| {
        if !known.contains(&contrast.measure.as_str()) {
            known.push(&contrast.measure);
        }
        known
    });
    for &measure in measures.iter().take(if all { usize::MAX } else { 1 }) {
        let contrasts: Vec<&Contrast> = found.contrasts.iter().filter(|one| one.measure == measure).collect();
        text += &format!("\nWhat came of it: {}\n  {}\n\n", measure.replace('_', " "), contrasts[0].definition);
        text += &indented(&table(&contrasts));
        text += &verdict(&contrasts);
    }
    if !all && measures.len() > 1 {
        text += &format!("\nAlso compared: {} (--all)\n", measures[1..].join(", "));
    }
    for (node, why) in &found.apart {
        text += &format!("\nNot compared: {node}: {why}");
    }
    text
}

fn line(change: &Change) -> String {
    let nodes = change.nodes.join(", ");
    match (change.what.as_str(), change.a.as_str(), change.b.as_str()) {
        ("node", "", kind) => format!("{nodes} ({kind}) is new in B"),
        ("node", kind, _) => format!("{nodes} ({kind}) is in A only"),
        (what, was, is) => format!("{nodes}: {what}: {was} → {is}"),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

fn table(contrasts: &[&Contrast]) -> String {
    let score = |x: f64| format!("{x:.3}");
    let rows = contrasts.iter().map(|one| {
        let name = if one.a == one.b { one.b.clone() } else { format!("{} | {}", one.a, one.b) };
        let interval = one.low.zip(one.high).map_or("–".to_owned(), |(low, high)| format!("{low:+.3} to {high:+.3}"));
        let p = one.p.map_or("–".to_owned(), |p| if p < 0.001 { "< .001".to_owned() } else { format!("{p:.3}") });
        let rows = if one.same_rows {
            format!("{} {}", one.rows.1, one.on)
        } else {
            format!("{} | {} {}, not the same", one.rows.0, one.rows.1, one.on)
        };
        let difference = format!("{:+.3}", one.difference);
        vec![name, score(one.mean_a), score(one.mean_b), difference, interval, p, one.units.to_string(), rows]
    });
    let header = ["evaluation", "A", "B", "B − A", "95 % interval", "Wilcoxon p", "units", "rows scored"];
    terminal::table(&header, &["A", "B", "B − A", "Wilcoxon p", "units"], rows.collect())
}

/// What a reader may take away.
fn verdict(contrasts: &[&Contrast]) -> String {
    let clear = |one: &&&Contrast| one.low.is_some_and(|low| low > 0.0) || one.high.is_some_and(|high| high < 0.0);
    let higher = contrasts.iter().filter(clear).filter(|one| one.difference > 0.0).count();
    let lower = contrasts.iter().filter(clear).filter(|one| one.difference < 0.0).count();
    let of = contrasts.len();
    let rest = of - higher - lower;
    let parts = [(higher, "higher in B"), (lower, "lower in B"), (rest, "with no difference beyond chance")];
    let told: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} of {of} {what}")).collect();
    let why = "judged by the 95 % bootstrap interval over units, not corrected for their number";
    format!("\n  {}; {why}.\n", told.join(", "))
}
