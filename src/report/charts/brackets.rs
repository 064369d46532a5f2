//! Brackets between groups that differ: which pairs, how surely, and where they stand.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::kind::Role;
use crate::plan::NodeIndex;
use crate::report::draw::number::{counted, general};
use crate::report::read::measure::Measure;
use crate::report::read::pairs::{Pair, key_of, pairs, tested};
use crate::report::read::results::Results;
use crate::report::read::sample::Sample;

/// More brackets than these hide what they are about.
const MOST: usize = 6;
/// p below these have one star, two and three.
const LEVELS: [f64; 3] = [0.05, 0.01, 0.001];

/// Between which groups there are brackets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Which {
    /// The best and others.
    #[default]
    Best,
    /// The best and others, then any two.
    All,
    None,
}

/// Brackets of a chart.
pub struct Brackets {
    pub list: Vec<Bracket>,
    /// What the caption says of them.
    pub caption: String,
}

/// A bracket between two groups.
pub struct Bracket {
    /// Places among the groups of the sample.
    pub ends: (usize, usize),
    pub stars: &'static str,
    /// The difference and its p, in words.
    pub text: String,
}

/// The significant differences among the groups of a sample, as the node that compared them lists them; none where it tests nothing.
pub fn brackets(results: &Results<'_>, node: NodeIndex, sample: &Sample, which: Which) -> Option<Brackets> {
    if which == Which::None {
        return None;
    }
    let grid = results.of_role(node, Role::Pairs)?;
    let best = sample.best()?;
    let keys: Vec<_> = sample.groups.iter().map(|group| key_of(&group.labels)).collect();
    let place = |key| keys.iter().position(|known| known == key);
    let all = pairs(&grid, &sample.measure.name);
    let known = all.iter().filter_map(|pair| Some((place(&pair.keys[0])?, place(&pair.keys[1])?, pair, pair.shown()?)));
    let meant = known.filter(|(a, b, ..)| which == Which::All || *a == best || *b == best);
    let mut meant: Vec<(usize, usize, &Pair, f64)> = meant.collect();
    let compared = meant.len();
    meant.retain(|(.., p)| *p < LEVELS[0]);
    let found = meant.len();
    let at = |group: usize| {
        let group = &sample.groups[group];
        group.category as f64 + group.series as f64 / sample.series.len() as f64
    };
    let of_best = |a: usize, b: usize| a == best || b == best;
    meant.sort_by(|x, y| {
        let far = |(a, b, ..): &(usize, usize, &Pair, f64)| (at(*a) - at(*b)).abs();
        of_best(y.0, y.1).cmp(&of_best(x.0, x.1)).then(far(x).total_cmp(&far(y))).then((x.0, x.1).cmp(&(y.0, y.1)))
    });
    meant.truncate(MOST);
    let list = meant.into_iter().map(|(a, b, pair, p)| Bracket {
        ends: (a, b),
        stars: stars(p),
        text: told(&sample.measure, pair, p),
    });
    let name = sample.name(&sample.groups[best]);
    let caption = caption(&name, which, (compared, found), &tested(&grid));
    (compared > 0).then(|| Brackets { list: list.collect(), caption })
}

fn stars(p: f64) -> &'static str {
    match p {
        p if p < LEVELS[2] => "***",
        p if p < LEVELS[1] => "**",
        _ => "*",
    }
}

fn told(measure: &Measure, pair: &Pair, p: f64) -> String {
    let interval = pair.interval.map(|(low, high)| format!(" ({} to {})", measure.value(low), measure.value(high)));
    let (difference, p) = (measure.value(pair.difference), general(p));
    format!("{} − {}: {difference}{} · p = {p}", pair.a, pair.b, interval.unwrap_or_default())
}

fn caption(best: &str, which: Which, (compared, found): (usize, usize), tested: &str) -> String {
    let pairs = match which {
        Which::All => "differences of any two".to_owned(),
        _ => format!("differences from {best}"),
    };
    if found == 0 {
        return format!(" No brackets: none of {compared} {pairs} has p < .05 ({tested}).");
    }
    let some = if found > MOST {
        format!(" ({MOST} of {} with p < .05, those of the best and the nearest first)", counted(found, "pair"))
    } else {
        String::new()
    };
    format!(" Brackets: {pairs}{some}; * p < .05, ** p < .01, *** p < .001; point at one for its p: {tested}.")
}

/// The level of each bracket, the first nearest to the plot: those that would cross or touch stand on different ones.
pub fn levels(spans: &[(f64, f64)]) -> Vec<usize> {
    let mut taken: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut order: Vec<usize> = (0..spans.len()).collect();
    let width = |at: usize| (spans[at].1 - spans[at].0).abs();
    order.sort_by(|&a, &b| width(a).total_cmp(&width(b)).then(a.cmp(&b)));
    let mut levels = vec![0; spans.len()];
    for at in order {
        let (from, to) = (spans[at].0.min(spans[at].1), spans[at].0.max(spans[at].1));
        // Ends that meet may stand side by side.
        let free = |others: &Vec<(f64, f64)>| others.iter().all(|other| to <= other.0 + 1e-9 || from >= other.1 - 1e-9);
        let level = taken.iter().position(free).unwrap_or(taken.len());
        if level == taken.len() {
            taken.push(Vec::new());
        }
        taken[level].push((from, to));
        levels[at] = level;
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_that_would_cross_stand_on_different_levels() {
        assert_eq!(levels(&[(0.0, 1.0), (1.0, 2.0), (2.0, 0.0), (3.0, 4.0)]), [0, 0, 1, 0]);
        assert_eq!(levels(&[(0.0, 4.0), (1.0, 4.0), (2.0, 4.0)]), [2, 1, 0], "the shortest nearest to the plot");
        assert!(levels(&[]).is_empty());
    }

    #[test]
    fn stars_tell_how_small_a_p_is() {
        assert_eq!([0.04, 0.01, 0.009, 0.001, 1e-9].map(stars), ["*", "*", "**", "**", "***"]);
        let none = caption("b", Which::Best, (3, 0), "sign flips, corrected by Holm over 3 pairs");
        assert_eq!(
            none,
            " No brackets: none of 3 differences from b has p < .05 (sign flips, corrected by Holm over 3 pairs)."
        );
        let many = caption("b", Which::All, (9, 8), "sign flips");
        assert!(
            many.starts_with(" Brackets: differences of any two (6 of 8 pairs with p < .05, those of the best"),
            "{many}"
        );
    }
}
