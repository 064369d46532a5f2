//! A study in brief, as an index of many shows it.

use serde::{Deserialize, Serialize};

use crate::kind::Role;
use crate::kind::fact;
use crate::plan::NodeIndex;
use crate::report::charts::distribution;
use crate::report::charts::distribution::{Beside, Look};
use crate::report::draw::density::Summary;
use crate::report::draw::markdown;
use crate::report::draw::medium::Medium;
use crate::report::draw::number::{count, counted};
use crate::report::page::answer::{answer, spoken};
use crate::report::page::asked::answered;
use crate::report::read::best::{Best, best_among, best_of, comparisons, evaluations};
use crate::report::read::results::Results;
use crate::report::read::status::{Status, families};
use crate::report::read::study::Study;
use crate::value::ty::Type;

/// What an index says of a study.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Card {
    /// The folder of its page.
    pub name: String,
    pub title: String,
    /// The first paragraph of what the recipe says about it.
    pub about: String,
    /// RFC 3339: when its newest result was made.
    pub finished: String,
    /// `complete`, or what a reader must know first: `failed`, `skipped`, `stale`, `new`.
    pub state: String,
    /// What failed, or why its results cannot be read, in words.
    pub problem: Option<String>,
    /// The answer in three parts: before the number, the number, after it.
    pub answer: Option<(String, String, String)>,
    /// The key figure on a phone's width, as SVG markup.
    pub figure: String,
    /// What its colours tell apart, and each colour's class and name.
    pub legend_title: String,
    pub legend: Vec<(String, String)>,
    pub scores: Vec<Score>,
    /// What a search finds it by.
    pub words: String,
    /// How many pictures' figures are private.
    pub private: usize,
}

/// A line of a leaderboard.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Score {
    pub measure: String,
    pub label: String,
    pub definition: String,
    /// The responses that were explained, in words.
    pub data: String,
    /// And their digest: scores of other responses share no list.
    pub digest: String,
    /// The rows that were scored: `val`, `test`, `folds`, `train`.
    pub on: String,
    pub rows: u64,
    pub what: String,
    pub mean: f64,
    pub sem: Option<f64>,
    pub units: usize,
    /// Whether the rows scored chose settings too.
    pub selected: bool,
    /// The node that made it.
    pub node: NodeIndex,
}

/// Reads a study's card out of its results.
pub fn card(study: &Study<'_>) -> Card {
    let results = Results::new(study);
    let plan = study.plan;
    let worst = plan.nodes.keys().map(|node| Status::of(study, node)).min().unwrap_or(Status::New);
    let state = if matches!(worst, Status::Done | Status::Dropped) { "complete" } else { worst.name() };
    let bests = bests(&results);
    let figure = bests.first().map(|best| {
        let look = if best.sample.groups.len() > 1 { Look::Profile } else { Look::Bar };
        let mut figure = distribution::figure(&best.sample, look, Beside::default(), (Medium::Page, None));
        let narrow = figure.panels.pop().and_then(|panel| panel.narrow).unwrap_or_default();
        (narrow, figure.legend_title, figure.legend)
    });
    let (figure, legend_title, legend) = figure.unwrap_or_default();
    Card {
        name: plan.name.clone(),
        title: if plan.title.is_empty() { plan.name.clone() } else { plan.title.clone() },
        about: paragraph(&plan.about),
        finished: study.finished.clone(),
        state: state.to_owned(),
        problem: problem(study),
        answer: answered(&results)
            .or_else(|| answer(&results))
            .map(|answer| (answer.before, answer.score, answer.after)),
        figure,
        legend_title,
        legend,
        scores: bests.iter().filter_map(|best| score(&results, best)).collect(),
        words: words(study),
        private: private(&results),
    }
}

/// The nodes that failed, the first with its reason, and how many were not run for that.
fn problem(study: &Study<'_>) -> Option<String> {
    let of = |status: Status| study.plan.nodes.keys().filter(move |&node| Status::of(study, node) == status);
    let first = of(Status::Failed).next()?;
    let message =
        study.outcomes.get(first).and_then(|outcome| outcome.message.as_deref()).unwrap_or("no reason is known");
    let also = match of(Status::Failed).count() {
        1 => String::new(),
        many => format!(" ({} more failed)", many - 1),
    };
    Some(format!("`{}` failed: {message}{also}", study.plan.nodes[first].id))
}

/// The best of each comparison, then of evaluations that no comparison reads.
fn bests(results: &Results<'_>) -> Vec<Best> {
    let comparisons = comparisons(results);
    let covered: Vec<NodeIndex> =
        comparisons.iter().flat_map(|&node| results.node(node).edges.iter().map(|edge| edge.from)).collect();
    let mut bests: Vec<Best> = comparisons.iter().filter_map(|&node| best_of(results, node)).collect();
    let evaluations = evaluations(results);
    for family in families(&results.study.plan.nodes) {
        let loose: Vec<NodeIndex> =
            family.nodes.into_iter().filter(|n| evaluations.contains(n) && !covered.contains(n)).collect();
        if !loose.is_empty() {
            bests.extend(best_among(results, &loose));
        }
    }
    bests
}

fn score(results: &Results<'_>, best: &Best) -> Option<Score> {
    let Summary { mean, sem, n } = best.sample.groups[best.group].summary?;
    let node = best.evaluation?;
    let grid = results.of_role(node, Role::Scores)?;
    let (_, responses) = *results.arrivals_of(node, Type::Responses).first()?;
    let data = results.with_responses(node, |responses| {
        let regions = responses.about.regions.as_deref().unwrap_or_default();
        let one = regions.first().filter(|first| regions.iter().all(|region| region == *first));
        let region = one.map_or("responses", String::as_str);
        format!("{region}, {} × {}", counted(responses.units().len(), "unit"), count(responses.stimuli().len()))
    })?;
    let id = &results.node(node).id;
    Some(Score {
        measure: best.sample.measure.name.clone(),
        label: best.sample.measure.label.clone(),
        definition: best.sample.measure.sentence(),
        data: format!("{data} stimuli"),
        digest: responses.digest.short(),
        on: grid.fact_text(fact::SCORED_ON).unwrap_or("").to_owned(),
        rows: grid.fact_number(fact::ROWS_SCORED).unwrap_or(0.0) as u64,
        what: if best.name.is_empty() { id.name.clone() } else { spoken(best) },
        mean,
        sem,
        units: n,
        selected: grid.fact_flag(fact::SELECTED),
        node,
    })
}

/// Everything that a reader may remember of a study: names of nodes and kinds, variants, and plain parameters.
fn words(study: &Study<'_>) -> String {
    let plan = study.plan;
    let mut words = vec![plan.name.clone(), plan.title.clone(), plan.about.clone()];
    let mut add = |word: String| {
        if !words.contains(&word) {
            words.push(word);
        }
    };
    for node in &plan.nodes {
        add(node.id.name.clone());
        add(node.kind.name.to_owned());
        node.id.variant.iter().for_each(|(_, value)| add(value.clone()));
        let params = node.params.as_object().into_iter().flatten();
        // Files are of this machine; models and settings are what people look for.
        params.filter_map(|(_, value)| value.as_str()).filter(|text| !text.contains('/')).for_each(|t| add(t.into()));
    }
    words.join(" ").to_lowercase()
}

fn private(results: &Results<'_>) -> usize {
    let figures = results.study.plan.nodes.keys().filter(|&node| {
        let mut stored = results.all_outputs(node).filter(|stored| stored.ty == Type::Images);
        let images = stored.next().and_then(|stored| results.images(stored));
        images.is_some_and(|images| crate::report::charts::pictures::is_private(results, node, &images))
    });
    figures.count()
}

/// The first paragraph of a Markdown text, as markup.
fn paragraph(about: &str) -> String {
    let first = about.trim().split("\n\n").next().unwrap_or_default();
    if first.is_empty() { String::new() } else { markdown::rendered(first) }
}

impl Card {
    /// A card for a study of which only its page is known.
    pub fn bare(name: &str, title: &str) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            about: String::new(),
            finished: String::new(),
            state: "complete".to_owned(),
            problem: None,
            answer: None,
            figure: String::new(),
            legend_title: String::new(),
            legend: Vec::new(),
            scores: Vec::new(),
            words: format!("{name} {title}").to_lowercase(),
            private: 0,
        }
    }

    /// A card for a study whose page is of an earlier time, and why nothing newer is known.
    pub fn unread(name: &str, why: &str) -> Self {
        Self { state: Status::Stale.name().to_owned(), problem: Some(why.to_owned()), ..Self::bare(name, name) }
    }

    /// Its page's address, relative to the index.
    pub fn address(&self) -> String {
        crate::text::address::part(&self.name) + "/index.html"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::{Options, fixture};

    #[test]
    fn a_card_says_what_the_page_says() {
        let card = card(&fixture(Options::default()).study());
        assert_eq!((card.state.as_str(), card.private), ("complete", 1));
        let (before, score, _) = card.answer.expect("an answer");
        assert!(before.contains("features.9 explains V4 best"), "{before}");
        assert_eq!(card.scores.len(), 1, "one comparison covers its evaluations");
        let best = &card.scores[0];
        assert_eq!((best.on.as_str(), best.units, best.what.as_str()), ("test", 89, "features.9"));
        assert_eq!(crate::report::draw::number::score(best.mean), score);
        assert_eq!(best.data, "V4, 89 units × 400 stimuli");
        assert!(card.figure.starts_with("<svg") && card.figure.len() < 20_000, "{}", card.figure.len());
        assert!(card.words.contains("noise_ceiling") && !card.words.contains("images.zip"), "{}", card.words);
    }

    #[test]
    fn addresses_are_escaped() {
        assert_eq!(Card::bare("v4@layer=a+b", "").address(), "v4%40layer%3Da%2Bb/index.html");
    }
}
