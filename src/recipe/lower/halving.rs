//! Successive halving: many trials on a small budget, the better part of them on a larger one, and so on (Jamieson and
//! Talwalkar 2016, AISTATS).

use std::ops::Range;

use serde_json::Value as Json;

use crate::diagnostic::{Problems, quoted};
use crate::kind::measure;
use crate::plan;
use crate::recipe::lower::heads::Heads;
use crate::recipe::lower::link::Linked;
use crate::recipe::lower::reference;
use crate::recipe::lower::suggest::suggest;
use crate::recipe::lower::sweep;
use crate::recipe::lower::sweep::{Level, Row, Sweep, Swept};
use crate::recipe::lower::variables::Variables;
use crate::recipe::syntax::tree::{Entry, Value};

/// How trials are thinned out.
#[derive(Clone, Debug)]
pub struct Halving {
    /// The variable that grows, such as `epochs`, and its values.
    pub rung: Swept,
    /// A reference to the scores that judge a trial.
    pub by: String,
    pub by_place: Range<usize>,
    /// Absent for the one that the scores' kind speaks of first.
    pub measure: Option<String>,
}

/// What judges the trials.
pub struct Judge {
    node: usize,
    port: String,
    measure: String,
}

/// Reads what the section `search` says of halving.
pub fn read(entries: &[Entry], section: &Entry, variables: &Variables, problems: &mut Problems) -> Option<Halving> {
    let given = |key: &str| entries.iter().find(|entry| entry.key == key);
    let example = "as in `rungs: { epochs: [3, 9, 27] }` and `by: scores.summary`";
    let (Some(rungs), Some(by)) = (given("rungs"), given("by")) else {
        let missing = if given("rungs").is_none() { "`rungs`" } else { "`by`" };
        problems.error(section.place.clone(), format!("halving needs {missing}")).help(example);
        return None;
    };
    let rung = match &rungs.value.value {
        Value::Map(entries) if entries.len() == 1 => &entries[0],
        _ => {
            problems
                .error(rungs.place.clone(), "`rungs` is a map of one variable and its growing values")
                .help(example);
            return None;
        }
    };
    if !variables.check_fixed(&rung.value, problems) || !variables.check_fixed(&by.value, problems) {
        return None;
    }
    let values = match variables.expand(&rung.value, &[])? {
        Json::Array(values) if values.len() > 1 && grows(&values) => values,
        _ => {
            problems
                .error(rung.place.clone(), format!("`{}` takes two growing numbers or more", rung.key))
                .help(example);
            return None;
        }
    };
    let measure = match given("measure").map(|entry| variables.expand(&entry.value, &[])) {
        None => None,
        Some(Some(Json::String(measure))) => Some(measure),
        Some(_) => {
            problems.error(given("measure")?.place.clone(), "`measure` is the name of a measure, such as `r`");
            return None;
        }
    };
    let Some(Json::String(text)) = variables.expand(&by.value, &[]) else {
        problems.error(by.place.clone(), "`by` is a reference to scores on val").help(example);
        return None;
    };
    Some(Halving { rung: Swept::plain(&rung.key, values), by: text, by_place: by.value.place.clone(), measure })
}

fn grows(values: &[Json]) -> bool {
    let numbers: Option<Vec<f64>> = values.iter().map(Json::as_f64).collect();
    numbers.is_some_and(|numbers| numbers.windows(2).all(|pair| pair[0] < pair[1]))
}

impl Halving {
    /// The scores that judge the trials; nothing where `by` is wrong, which is reported.
    pub fn judge(&self, heads: &Heads<'_>, linked: &Linked, sweep: &Sweep, problems: &mut Problems) -> Option<Judge> {
        let parsed = match reference::parse(&self.by, sweep) {
            Ok(parsed) => parsed,
            Err((_, message)) => {
                problems.error(self.by_place.clone(), message);
                return None;
            }
        };
        let Some(&node) = heads.by_name.get(parsed.node.as_str()) else {
            let problem = problems.error(self.by_place.clone(), format!("there is no node {}", quoted(&parsed.node)));
            suggest(problem, &parsed.node, heads.names(), "the nodes are");
            return None;
        };
        let kind = heads.all[node].kind?;
        let port = parsed.port.map_or_else(|| kind.main_output().name.to_owned(), |(port, _)| port);
        if kind.output(&port).is_none() {
            let problem = problems.error(
                self.by_place.clone(),
                format!("`{}` ({}) has no output {}", parsed.node, kind.name, quoted(&port)),
            );
            suggest(problem, &port, kind.outputs.iter().map(|output| output.name), "its outputs are");
            return None;
        }
        if sweep.find(&self.rung.name).is_none_or(|variable| !linked.varies[node].contains(&variable)) {
            problems
                .error(self.by_place.clone(), format!("`{}` does not vary with `{}`", parsed.node, self.rung.name))
                .help("scores that judge a rung come of what was computed with its budget");
            return None;
        }
        let on =
            linked.variants[node].all.first().and_then(|&at| linked.placed[at].params.as_ref()?.get("on")?.as_str());
        if let Some(on @ ("test" | "train")) = on {
            problems
                .error(
                    self.by_place.clone(),
                    format!("`{}` scores {on} rows, and a search is judged on val", parsed.node),
                )
                .help("give it `on: val`; score the winner on test at the end");
            return None;
        }
        let spoken = || measure::first(kind.measures).map(|first| first.name.to_owned());
        Some(Judge { node, port, measure: self.measure.clone().or_else(spoken).unwrap_or_default() })
    }

    /// What decides which trials go on from the last rung that is decided; nothing where all are. `trials` has an index per
    /// variable for each, `survivors` the trials that went on at each rung after the first.
    pub fn next(
        &self,
        Judge { node, port, measure }: Judge,
        trials: &[Vec<usize>],
        survivors: &[Vec<usize>],
        linked: &Linked,
    ) -> Option<plan::Rung> {
        let rung = survivors.len();
        if rung + 1 >= self.rung.levels.len() {
            return None;
        }
        let all: Vec<usize> = (0..trials.len()).collect();
        let here = survivors.last().unwrap_or(&all);
        let judges = here.iter().filter_map(|&trial| {
            let indices = trials[trial].iter().copied().chain([rung]).enumerate();
            let row: Row = sweep::restrict(&indices.collect::<Row>(), &linked.varies[node]);
            let found = linked.variants[node].all.iter().find(|&&at| linked.placed[at].row == row);
            found.map(|&at| (trial, at))
        });
        let ratio = ratio(&self.rung.levels, rung);
        Some(plan::Rung {
            judges: judges.collect(),
            port,
            measure,
            keep: ((here.len() as f64 / ratio).ceil() as usize).max(1),
        })
    }
}

/// How much larger the next budget is: as much fewer trials go on, so that each rung costs the same.
fn ratio(levels: &[Level], rung: usize) -> f64 {
    let number = |at: usize| levels[at].value.as_f64().expect("`grows` holds");
    number(rung + 1) / number(rung)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_rung_costs_the_same() {
        assert_eq!(ratio(&[json!(3), json!(9)].map(Level::plain), 0), 3.0);
    }
}
