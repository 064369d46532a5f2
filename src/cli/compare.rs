//! `ventral compare`, and what people call the runs that it compares.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::outcome::{Failure, Outcome};
use crate::cli::recipe::{assignment, open};
use crate::cli::terminal;
use crate::engine::store::{PastRun, Store};
use crate::kind::registry::Registry;
use crate::report::comparison::outcome::{Comparison, Correction, Paired, verdict};
use crate::report::comparison::page::{Named, Page};
use crate::text::nearest::nearest;
use crate::workspace::comparison::{Side, compare};

/// What changed between two studies: in what was done, and unit by unit in what came of it
///
/// A study is a recipe or the name of a report, as it stands now. With @ and a number behind it, it is a run of it as it was, as
/// `ventral status RECIPE --runs` lists them; @last is the last run that succeeded, @previous the one before. One study alone means
/// its last run against the one before; runs in which a node failed are passed over, and it says so.
///
/// Evaluations of one name (and variant) are paired, over the units that both score: the mean difference B − A, its 95 %
/// bootstrap interval over units, and Wilcoxon's signed-rank test, corrected. Nothing runs. Scores of different definitions, parts of
/// a split or responses are not compared, and it says so.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  ventral compare recipes/v4.yaml                           (its last run against the one before)\n  \
    ventral compare recipes/v4.yaml@3 recipes/v4.yaml\n  \
    ventral compare recipes/v4.yaml recipes/v4_deeper.yaml\n  \
    ventral compare quickstart quickstart@components=100 --html"
)]
pub struct Compare {
    /// A recipe, or the name of a report; with @NUMBER, @last or @previous, a run of it
    a: String,
    /// Another one
    b: Option<String>,
    /// Override a variable of A
    #[arg(long, value_name = "K=V", value_parser = assignment)]
    set_a: Vec<(String, String)>,
    /// Override a variable of B
    #[arg(long, value_name = "K=V", value_parser = assignment)]
    set_b: Vec<(String, String)>,
    /// How p are corrected for how many scores are compared
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Correct::Holm)]
    correct: Correct,
    /// Every measure, not the first alone
    #[arg(long)]
    all: bool,
    /// Write a page of it: to reports/compare/A..B.html unless a file is named
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    html: Option<Option<PathBuf>>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A correction, as an argument.
#[derive(Clone, Copy, ValueEnum)]
enum Correct {
    /// Holm: the chance of any false claim
    Holm,
    /// Benjamini and Hochberg: the share of false claims
    Bh,
    /// Not corrected
    None,
}

impl From<Correct> for Correction {
    fn from(correct: Correct) -> Self {
        match correct {
            Correct::Holm => Self::Holm,
            Correct::Bh => Self::Bh,
            Correct::None => Self::None,
        }
    }
}

impl Compare {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let (a, b) = match &self.b {
            Some(b) => (side(&self.a, &self.set_a, registry)?, side(b, &self.set_b, registry)?),
            None => last_two(&self.a, &self.set_a, registry)?,
        };
        let found = compare(&a, &b, self.correct.into());
        if self.json {
            terminal::print_json(&serde_json::to_value(&found).expect("a comparison serialises"));
        } else {
            terminal::print(&told(&found, &[&a, &b], self.all));
        }
        if let Some(file) = &self.html {
            let page = write_page(&found, &[&a, &b], file.as_deref())?;
            let line = format!("page: {}", page.display());
            if self.json { terminal::note(&line) } else { terminal::print(&line) }
        }
        if found.pairs.is_empty() {
            return Err(Failure::Failed("no evaluation of the two could be compared".to_owned()));
        }
        Ok(())
    }
}

/// Which run of a study is meant.
enum Which {
    Number(u64),
    Last,
    Previous,
}

/// A study's name, what of it ran here, and where that is kept.
struct Runs {
    name: String,
    runs: Vec<PastRun>,
}

impl Runs {
    /// The runs of a recipe's path or a report's name.
    fn of(text: &str, set: &[(String, String)]) -> Option<Self> {
        let path = Path::new(text);
        let of_file = path.is_file();
        let workspace = crate::recipe::workspace_of(if of_file { path } else { Path::new("recipe.yaml") });
        let store = Store::of_workspace(&workspace);
        let name = if of_file { crate::recipe::plan_name(path, set) } else { text.to_owned() };
        let runs = store.past_runs(&name);
        (of_file || !runs.is_empty() || store.records().histories().contains_key(&name)).then_some(Self { name, runs })
    }

    fn find(&self, which: &Which) -> Result<&PastRun, Failure> {
        let from_end = |back: usize| self.succeeded().nth_back(back);
        let found = match which {
            Which::Number(number) => self.runs.iter().find(|run| run.number == *number),
            Which::Last => from_end(0),
            Which::Previous => from_end(1),
        };
        found.ok_or_else(|| Failure::Usage(self.missing(which)))
    }

    /// The runs in which no node failed.
    fn succeeded(&self) -> impl DoubleEndedIterator<Item = &PastRun> {
        self.runs.iter().filter(|run| run.failed.is_empty())
    }

    /// Says that runs were passed over, where any came after the last that succeeded.
    fn tell_failed(&self) {
        let Some(last) = self.succeeded().next_back() else { return };
        let later: Vec<&PastRun> = self.runs.iter().filter(|run| run.number > last.number).collect();
        let Some(newest) = later.last() else { return };
        let also = match later.len() {
            1 => String::new(),
            many => format!(", and so did the {} before it", many - 1),
        };
        terminal::note(&format!(
            "note: the last run of `{0}`, {0}@{1}, failed ({2}){also}; {0}@{3} is the last that succeeded",
            self.name,
            newest.number,
            why_failed(newest),
            last.number
        ));
    }

    fn missing(&self, which: &Which) -> String {
        let name = &self.name;
        match (which, self.runs.as_slice()) {
            (_, []) => format!("`{name}` has not run here yet; `ventral run` it"),
            (Which::Number(wanted), [first, .., last]) => {
                let near = self.runs.iter().min_by_key(|run| run.number.abs_diff(*wanted)).unwrap_or(last).number;
                format!(
                    "`{name}` has no run {wanted} that is remembered; there are {} to {}, listed by `ventral status {name} \
                     --runs`; did you mean `{name}@{near}`?",
                    first.number, last.number
                )
            }
            (_, [.., newest]) => match self.succeeded().next_back() {
                None => format!(
                    "no run of `{name}` that is remembered succeeded; the last, `{name}@{}`, failed: {}",
                    newest.number,
                    why_failed(newest)
                ),
                Some(only) => format!(
                    "`{name}` has one run that succeeded, `{name}@{}`, and there is none before it to compare with; change the recipe \
                     and run it again (a run that comes to the same results is the same run)",
                    only.number
                ),
            },
        }
    }
}

/// The nodes that failed in a run, with the reason of the first.
fn why_failed(run: &PastRun) -> String {
    let mut failed = run.failed.iter();
    let Some((node, message)) = failed.next() else { return "no reason was kept".to_owned() };
    let message: String = message.lines().next().unwrap_or_default().chars().take(160).collect();
    let others = failed.len();
    let also = if others == 0 { String::new() } else { format!(", and {others} more failed") };
    format!("`{node}`: {message}{also}")
}

/// A run's name apart from what it is a run of, where a text ends in one.
fn which(text: &str) -> Option<(&str, Result<Which, &str>)> {
    let (base, which) = text.rsplit_once('@')?;
    Some((
        base,
        match which {
            "last" => Ok(Which::Last),
            "previous" => Ok(Which::Previous),
            other => other.parse().map(Which::Number).map_err(|_| other),
        },
    ))
}

/// The last run of a study and the one before. Behind a run's name, that run and the last.
fn last_two(text: &str, set: &[(String, String)], registry: &Registry) -> Result<(Side, Side), Failure> {
    if Runs::of(text, set).is_none()
        && let Some((base, Ok(_))) = which(text)
    {
        return Ok((side(text, set, registry)?, side(&format!("{base}@last"), set, registry)?));
    }
    let runs = Runs::of(text, set).ok_or_else(|| unknown(text))?;
    runs.tell_failed();
    let [a, b] = [Which::Previous, Which::Last].map(|which| runs.find(&which).and_then(|run| past(run, registry)));
    let (a, b) = (a?, b?);
    if fs::read_to_string(Path::new(text)).is_ok_and(|now| now != b.session.plan.source) {
        terminal::note(&format!("note: {text} was changed since its last run, {}", b.label));
    }
    Ok((a, b))
}

fn past(run: &PastRun, registry: &Registry) -> Result<Side, Failure> {
    Side::past(run, registry).map_err(|wrong| {
        Failure::Failed(format!("the recipe of run {} does not read any more:\n{}", run.number, wrong.render(false)))
    })
}

/// The study that a recipe's path, a report's name or a run's name means.
fn side(text: &str, set: &[(String, String)], registry: &Registry) -> Result<Side, Failure> {
    let path = Path::new(text);
    if path.is_file() {
        return Ok(Side::new(open(path, registry, set)?));
    }
    let workspace = crate::recipe::workspace_of(Path::new("recipe.yaml"));
    let histories = Store::of_workspace(&workspace).records().histories();
    if let Some(history) = histories.get(text) {
        let set: Vec<(String, String)> = history.set.iter().chain(set).cloned().collect();
        return Ok(Side::new(open(&history.path, registry, &set)?));
    }
    let Some((base, which)) = which(text) else { return Err(unknown(text)) };
    match (Runs::of(base, set), which) {
        (Some(runs), Ok(which)) => {
            if matches!(which, Which::Last | Which::Previous) {
                runs.tell_failed();
            }
            past(runs.find(&which)?, registry)
        }
        (Some(runs), Err(other)) if !other.contains('=') => {
            let hint = nearest(other, ["last", "previous"]).unwrap_or("previous");
            Err(Failure::Usage(format!(
                "`{}` has no run `{other}`; a run is a number, `last` or `previous`; did you mean `{base}@{hint}`?",
                runs.name
            )))
        }
        _ => Err(unknown(text)),
    }
}

/// Says that nothing is called so, and what is.
fn unknown(text: &str) -> Failure {
    let workspace = crate::recipe::workspace_of(Path::new("recipe.yaml"));
    let histories = Store::of_workspace(&workspace).records().histories();
    let base = which(text).map_or(text, |(base, _)| base);
    let stem = Path::new(base).file_stem().and_then(|stem| stem.to_str()).unwrap_or(base);
    let near = [text, base, stem].into_iter().find_map(|word| nearest(word, histories.keys().map(String::as_str)));
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Failure::Usage(format!("`{text}` is neither a recipe nor a report of this workspace{hint}"))
}

/// Writes the page of a comparison, beside the reports unless a file is named.
fn write_page(found: &Comparison, sides: &[&Side; 2], file: Option<&Path>) -> Result<PathBuf, Failure> {
    let reports = sides[1].session.plan.workspace.join("reports");
    let page =
        file.map_or_else(|| reports.join("compare").join(format!("{}..{}.html", found.a, found.b)), Path::to_owned);
    let named = |side: &Side| {
        let name = &side.session.plan.name;
        // From a page of ours, the way to theirs.
        let there = file.is_none() && side.run.is_none() && reports.join(name).join("index.html").is_file();
        Named {
            label: side.label.clone(),
            name: name.clone(),
            title: side.session.plan.title.clone(),
            ended: side.run.as_ref().map(|(_, at)| at.clone()),
            address: there.then(|| format!("../{name}/index.html")),
        }
    };
    let comparison = Page { sides: [named(sides[0]), named(sides[1])], found };
    let html = comparison.page().map_err(|e| Failure::Failed(e.to_string()))?;
    let cannot = |e: std::io::Error| Failure::Failed(format!("{}: {e}", page.display()));
    if let Some(folder) = page.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(cannot)?;
    }
    fs::write(&page, html).map_err(cannot)?;
    let current = std::env::current_dir().unwrap_or_default();
    Ok(page.strip_prefix(&current).unwrap_or(&page).to_owned())
}

fn told(found: &Comparison, sides: &[&Side; 2], all: bool) -> String {
    let mut text = String::new();
    for (letter, side) in ["A", "B"].into_iter().zip(sides) {
        let run = side.run.as_ref().map(|(number, at)| format!("  (run {number}, {at})")).unwrap_or_default();
        text += &format!("{letter}  {}  {}{run}\n", side.label, side.session.plan.title);
    }
    text += "\nWhat was done otherwise\n";
    if found.changes.is_empty() {
        text += "  nothing\n";
    }
    for change in &found.changes {
        text += &format!("  {}\n", change.words());
    }
    let measures = found.measures();
    for &measure in measures.iter().take(if all { usize::MAX } else { 1 }) {
        let pairs = found.of(measure);
        text += &format!("\nWhat came of it: {}\n  {}\n\n", measure.replace('_', " "), pairs[0].definition);
        text += &indented(&table(&pairs));
        text += &format!("\n  {}.\n", verdict(&pairs, found.correction));
    }
    if !all && measures.len() > 1 {
        text += &format!("\nAlso compared: {} (--all)\n", measures[1..].join(", "));
    }
    for (node, why) in &found.apart {
        text += &format!("\nNot compared: {node}: {why}");
    }
    text
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

fn table(pairs: &[&Paired]) -> String {
    let score = |x: f64| format!("{x:.3}");
    let rows = pairs.iter().map(|one| {
        let interval = one.low.zip(one.high).map_or("–".to_owned(), |(low, high)| format!("{low:+.3} to {high:+.3}"));
        let p = one.p.map_or("–".to_owned(), |p| if p < 0.001 { "< .001".to_owned() } else { format!("{p:.3}") });
        let difference = format!("{:+.3}", one.difference);
        vec![
            one.name(),
            score(one.mean_a),
            score(one.mean_b),
            difference,
            interval,
            p,
            one.units.to_string(),
            one.scored(),
        ]
    });
    let header = ["evaluation", "A", "B", "B − A", "95 % interval", "Wilcoxon p", "units", "rows scored"];
    terminal::table(&header, &["A", "B", "B − A", "Wilcoxon p", "units"], rows.collect())
}
