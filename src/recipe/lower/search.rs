//! The section `search`: variants drawn from ranges, all run or thinned out by halving.

use std::collections::{HashMap, HashSet};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::diagnostic::{Problems, quoted};
use crate::plan;
use crate::recipe::lower::called::shortened;
use crate::recipe::lower::halving;
use crate::recipe::lower::halving::Halving;
use crate::recipe::lower::heads::Heads;
use crate::recipe::lower::link::Linked;
use crate::recipe::lower::settings::Settings;
use crate::recipe::lower::suggest::suggest;
use crate::recipe::lower::sweep::{Level, Sweep, Swept};
use crate::recipe::lower::variables::Variables;
use crate::recipe::syntax::tree::{Entry, Value};
use crate::recipe::wording;

const KEYS: [&str; 7] = ["method", "trials", "seed", "over", "rungs", "by", "measure"];
/// Draws per trial before a space counts as exhausted.
const PATIENCE: usize = 200;

/// What a search asks for.
#[derive(Clone, Debug)]
pub struct Search {
    pub variables: Vec<Swept>,
    /// An index per variable, for each trial; distinct.
    pub trials: Vec<Vec<usize>>,
    pub halving: Option<Halving>,
}

/// A range to draw from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Span {
    from: f64,
    to: f64,
    #[serde(default)]
    scale: Scale,
    #[serde(default)]
    whole: bool,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scale {
    #[default]
    Linear,
    Log,
}

/// What one variable is drawn from.
enum Space {
    Values(Vec<Json>),
    Span(Span),
}

/// The variables that a section searches over and the one that its rungs grow, as they stand there.
pub fn names(entry: &Entry) -> Vec<&Entry> {
    let Value::Map(entries) = &entry.value.value else { return Vec::new() };
    let inner = entries.iter().filter(|entry| entry.key == "over" || entry.key == "rungs");
    let maps = inner.filter_map(|entry| match &entry.value.value {
        Value::Map(entries) => Some(entries),
        _ => None,
    });
    maps.flatten().collect()
}

/// Reads the section; its variables become known, and settings fix them. `seed` is the recipe's.
pub fn read(
    entry: &Entry,
    seed: u64,
    variables: &mut Variables,
    settings: &mut Settings,
    problems: &mut Problems,
) -> Option<Search> {
    let mut fixed: HashMap<&str, Vec<Json>> = HashMap::new();
    for Entry { key, place, .. } in names(entry) {
        variables.declare(key, place, problems);
        if let Some(setting) = settings.take(key) {
            let levels = setting.swept(&[], problems);
            fixed.insert(key, levels.into_iter().map(|level| level.value).collect());
        }
    }
    read_section(entry, seed, &fixed, variables, problems)
}

fn read_section(
    entry: &Entry,
    seed: u64,
    set: &HashMap<&str, Vec<Json>>,
    variables: &Variables,
    problems: &mut Problems,
) -> Option<Search> {
    let Value::Map(entries) = &entry.value.value else {
        problems
            .error(entry.place.clone(), format!("`search` is {}; it is a map", entry.value.describe()))
            .help("as in `search: { trials: 12, over: { rate: { from: 0.0001, to: 0.1, scale: log } } }`");
        return None;
    };
    for strange in entries.iter().filter(|entry| !KEYS.contains(&entry.key.as_str())) {
        let problem = problems.error(strange.place.clone(), format!("`search` has no key {}", quoted(&strange.key)));
        suggest(problem, &strange.key, KEYS.into_iter(), "its keys are");
    }
    let given = |key: &str| entries.iter().find(|entry| entry.key == key);
    let scalar = |key: &str, problems: &mut Problems| {
        let entry = given(key)?;
        if !variables.check_fixed(&entry.value, problems) {
            return None;
        }
        Some((entry, variables.expand(&entry.value, &[])?))
    };
    let halves = match scalar("method", problems) {
        None => false,
        Some((_, Json::String(word))) if word == "random" => false,
        Some((_, Json::String(word))) if word == "halving" => true,
        Some((entry, other)) => {
            let message = format!("`method` is {}; it is `random` or `halving`", wording::given(&other));
            problems.error(entry.value.place.clone(), message);
            false
        }
    };
    let whole = |key: &str, least: u64, problems: &mut Problems| match scalar(key, problems) {
        None => None,
        Some((_, value)) if value.as_u64().is_some_and(|number| number >= least) => value.as_u64(),
        Some((entry, other)) => {
            let message = format!("`{key}` is {}; it takes a whole number, at least {least}", wording::given(&other));
            problems.error(entry.value.place.clone(), message);
            None
        }
    };
    let seed = whole("seed", 0, problems).unwrap_or(seed);
    let trials = whole("trials", 1, problems);
    if given("trials").is_none() {
        problems
            .error(entry.place.clone(), "`search` says no number of `trials`")
            .help("it is the budget: how many variants are drawn");
    }
    let over = read_over(given("over"), entry, set, variables, problems)?;
    let (variables_, drawn) = draw(&over, trials? as usize, seed);
    if drawn.len() < trials? as usize {
        problems
            .warning(entry.place.clone(), format!("there are only {} distinct trials to draw", drawn.len()))
            .help("a list of values or a range of whole numbers holds no more");
    }
    let halving = if halves { halving::read(entries, entry, variables, problems) } else { None };
    for key in ["rungs", "by", "measure"].into_iter().filter(|_| !halves) {
        if let Some(extra) = given(key) {
            problems
                .error(extra.place.clone(), format!("`{key}` belongs to halving, and this search draws at random"))
                .help("write `method: halving`, or choose the best with a node of kind `select`");
        }
    }
    if halves && halving.is_none() {
        return None;
    }
    Some(Search { variables: variables_, trials: drawn, halving })
}

fn read_over(
    over: Option<&Entry>,
    section: &Entry,
    set: &HashMap<&str, Vec<Json>>,
    variables: &Variables,
    problems: &mut Problems,
) -> Option<Vec<(String, Space)>> {
    let Some(over) = over else {
        problems
            .error(section.place.clone(), "`search` says nothing to search `over`")
            .help("as in `over: { rate: { from: 0.0001, to: 0.1, scale: log }, channels: [16, 32] }`");
        return None;
    };
    let Value::Map(entries) = &over.value.value else {
        problems.error(over.place.clone(), format!("`over` is {}; it is a map of variables", over.value.describe()));
        return None;
    };
    let mut spaces = Vec::new();
    let mut sound = true;
    for Entry { key, place, value } in entries {
        if let Some(values) = set.get(key.as_str()) {
            spaces.push((key.clone(), Space::Values(values.clone())));
            continue;
        }
        if !variables.check_fixed(value, problems) {
            sound = false;
            continue;
        }
        let space = match variables.expand(value, &[]) {
            Some(Json::Array(values)) if values.is_empty() => Err("it is a list without values".to_owned()),
            Some(Json::Array(values)) => {
                match values.iter().find(|value| value.is_array() || value.is_object() || value.is_null()) {
                    Some(wrong) => {
                        Err(format!("a value is {}; it is a text, a number or a truth value", wording::given(wrong)))
                    }
                    None => Ok(Space::Values(values)),
                }
            }
            Some(map @ Json::Object(_)) => span(map),
            Some(other) => Err(format!("it is {}", wording::given(&other))),
            None => {
                sound = false;
                continue;
            }
        };
        match space {
            Ok(space) => spaces.push((key.clone(), space)),
            Err(rule) => {
                sound = false;
                problems
                    .error(place.clone(), format!("`{key}` cannot be searched over: {rule}"))
                    .help("a list of values, or a range: `{ from: 0.0001, to: 0.1, scale: log }`, with `whole: true` for counts");
            }
        }
    }
    (sound && !spaces.is_empty()).then_some(spaces)
}

fn span(map: Json) -> Result<Space, String> {
    let span: Span = serde_json::from_value(map).map_err(|e| e.to_string())?;
    let Span { from, to, scale, whole } = &span;
    if !from.is_finite() || !to.is_finite() || from >= to {
        return Err(format!("its range runs from {from} to {to}; the first is the smaller"));
    }
    if matches!(scale, Scale::Log) && *from <= 0.0 {
        return Err(format!("a range on a log scale lies above 0, and this one begins at {from}"));
    }
    if *whole && (from.fract() != 0.0 || to.fract() != 0.0) {
        return Err(format!("its range is of whole numbers, but runs from {from} to {to}"));
    }
    Ok(Space::Span(span))
}

/// Draws distinct trials; fewer where the space holds no more.
fn draw(over: &[(String, Space)], trials: usize, seed: u64) -> (Vec<Swept>, Vec<Vec<usize>>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut values: Vec<Vec<Json>> = over.iter().map(|_| Vec::new()).collect();
    let mut seen = HashSet::new();
    let mut drawn = Vec::new();
    let mut idle = 0;
    while drawn.len() < trials && idle < PATIENCE {
        let trial: Vec<Json> = over.iter().map(|(_, space)| space.draw(&mut rng)).collect();
        let texts: Vec<String> = trial.iter().map(wording::scalar_text).collect();
        if !seen.insert(texts) {
            idle += 1;
            continue;
        }
        idle = 0;
        let indices = trial.into_iter().zip(&mut values).map(|(value, known)| {
            let text = wording::scalar_text(&value);
            known.iter().position(|other| wording::scalar_text(other) == text).unwrap_or_else(|| {
                known.push(value);
                known.len() - 1
            })
        });
        drawn.push(indices.collect());
    }
    let variables = over.iter().zip(values).map(|((name, _), values)| {
        let levels = values.into_iter().map(Level::plain).collect();
        Swept::new(name, shortened(levels))
    });
    let variables = variables.collect();
    (variables, drawn)
}

impl Space {
    fn draw(&self, rng: &mut ChaCha8Rng) -> Json {
        match self {
            Self::Values(values) => values[rng.random_range(0..values.len())].clone(),
            Self::Span(Span { from, to, scale, whole }) => {
                let at: f64 = rng.random();
                let value = match scale {
                    Scale::Linear => from + at * (to - from),
                    Scale::Log => (from.ln() + at * (to.ln() - from.ln())).exp(),
                };
                match whole {
                    true => Json::from(value.round() as i64),
                    // Four digits tell trials apart, and names of variants stay readable.
                    false => Json::from(format!("{value:.3e}").parse::<f64>().expect("a number that was just written")),
                }
            }
        }
    }
}

impl Search {
    /// The variants as far as they are decided: `survivors` lists, for each rung after the first, the trials that go on.
    pub fn sweep(&self, survivors: &[Vec<usize>]) -> Sweep {
        let Some(halving) = &self.halving else { return Sweep::chosen(self.variables.clone(), self.trials.clone()) };
        let variables = self.variables.iter().cloned().chain([halving.rung.clone()]).collect();
        let all: Vec<usize> = (0..self.trials.len()).collect();
        let rungs = std::iter::once(&all).chain(survivors).take(halving.rung.levels.len()).enumerate();
        let row = |rung: usize, trial: &usize| self.trials[*trial].iter().copied().chain([rung]).collect();
        let rows = rungs.flat_map(|(rung, trials)| trials.iter().map(move |trial| row(rung, trial)));
        Sweep::chosen(variables, rows.collect())
    }

    /// What decides which trials go on from the last rung that is decided; nothing where all are, or where `by` is wrong,
    /// which is reported.
    pub fn next(
        &self,
        survivors: &[Vec<usize>],
        heads: &Heads<'_>,
        linked: &Linked,
        sweep: &Sweep,
        problems: &mut Problems,
    ) -> Option<plan::Rung> {
        let halving = self.halving.as_ref()?;
        let judge = halving.judge(heads, linked, sweep, problems)?;
        halving.next(judge, &self.trials, survivors, linked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spaces() -> Vec<(String, Space)> {
        let span = |text: Json| span(text).ok().unwrap();
        vec![
            ("rate".to_owned(), span(json!({ "from": 1e-4, "to": 0.1, "scale": "log" }))),
            ("channels".to_owned(), span(json!({ "from": 8, "to": 11, "whole": true }))),
            ("norm".to_owned(), Space::Values(vec![json!(true), json!(false)])),
        ]
    }

    #[test]
    fn draws_are_seeded_distinct_and_within_their_ranges() {
        let (variables, trials) = draw(&spaces(), 40, 7);
        assert_eq!(trials.len(), 40);
        assert_eq!(trials.iter().collect::<HashSet<_>>().len(), 40);
        let rates: Vec<f64> = variables[0].levels.iter().map(|level| level.value.as_f64().unwrap()).collect();
        assert!(rates.iter().all(|rate| (1e-4..=0.1).contains(rate)));
        let small = rates.iter().filter(|rate| **rate < 10f64.powf(-2.5)).count();
        assert!((10..=30).contains(&small), "half of a log scale lies below its middle: {small}");
        assert!(variables[1].levels.iter().all(|level| (8..=11).contains(&level.value.as_i64().unwrap())));
        assert_eq!(draw(&spaces(), 40, 7).1, trials);
        assert_ne!(draw(&spaces(), 40, 8).0[0].levels, variables[0].levels);
    }

    #[test]
    fn a_small_space_is_exhausted_and_no_more() {
        let (_, trials) = draw(&spaces()[1..], 100, 1);
        assert_eq!(trials.len(), 8);
    }

    #[test]
    fn rungs_hold_the_trials_that_went_on() {
        let (variables, trials) = draw(&spaces(), 9, 1);
        let rung = Swept::plain("epochs", vec![json!(3), json!(9), json!(27)]);
        let halving = Halving { rung, by: "scores".into(), by_place: 0..0, measure: Some("r".into()) };
        let search = Search { variables, trials, halving: Some(halving) };
        let rows = |survivors: &[Vec<usize>]| search.sweep(survivors).project(&[0, 1, 2, 3]).unwrap().len();
        assert_eq!((rows(&[]), rows(&[vec![0, 4, 8]]), rows(&[vec![0, 4, 8], vec![4]])), (9, 12, 13));
    }
}
