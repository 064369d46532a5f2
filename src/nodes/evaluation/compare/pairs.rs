//! Paired differences between variants: their means, intervals, tests, and what many comparisons make of p.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame};
use serde_json::{Value as Json, json};

use crate::kind::{KindError, Run, column, fact};
use crate::math::similarity::resample::Variances;
use crate::nodes::evaluation::compare::resampled::{Drawn, Scored};
use crate::nodes::evaluation::compare::{Correct, Family, Over, Params, Test};
use crate::nodes::evaluation::scores::Scores;
use crate::nodes::evaluation::sums;
use crate::stats::multiple::{benjamini_hochberg, holm};
use crate::stats::{resampling, student, summary, wilcoxon};

/// The table of pairs, and how its numbers came about, as a caption says it.
pub struct Pairs {
    pub frame: DataFrame,
    pub facts: BTreeMap<String, Json>,
}

/// A difference in one measure between two variants.
struct Pair<'a> {
    a: &'a Scores,
    b: &'a Scores,
    measure: &'a str,
    /// The units that both score: their name, their place in either, and a − b.
    units: Vec<Shared<'a>>,
    interval: Option<(f64, f64)>,
    p: Option<f64>,
    /// By the largest statistic, where signs are turned.
    largest: Option<f64>,
}

/// A unit that two variants score.
pub struct Shared<'a> {
    pub name: &'a str,
    /// Its place among the units of either.
    pub at: (usize, usize),
    pub subject: Option<&'a str>,
    pub difference: f64,
}

/// Compares every two variants of one recording in every measure.
pub fn pairs(
    params: &Params,
    all: &[Scores],
    measures: &[String],
    scored: Option<&[Scored]>,
    run: &mut Run<'_>,
) -> Result<Pairs, KindError> {
    let mut list = Vec::new();
    for (at, a) in all.iter().enumerate() {
        // Units of another recording are other neurons: nothing is paired with them.
        for b in all[at + 1..].iter().filter(|b| b.recording() == a.recording()) {
            for measure in measures {
                let units = shared(a, b, measure);
                list.push(Pair { a, b, measure, units, interval: None, p: None, largest: None });
            }
        }
    }
    match scored.filter(|_| params.over.contains(&Over::Stimuli)) {
        Some(scored) => over_stimuli(params, all, scored, &mut list, run)?,
        None => over_units(params, &mut list)?,
    }
    tested(params, &mut list)?;
    let adjusted = adjusted(params, &list);
    let frame = frame(&list, &adjusted)?;
    let compared = list.iter().filter(|pair| pair.p.is_some()).count();
    Ok(Pairs { frame, facts: facts(params, compared, measures.len()) })
}

/// The units that both score.
fn shared<'a>(a: &'a Scores, b: &'a Scores, measure: &str) -> Vec<Shared<'a>> {
    let of_b = b.column(measure).unwrap_or_default();
    let places: BTreeMap<&str, usize> = b.units.iter().enumerate().map(|(at, unit)| (unit.as_str(), at)).collect();
    let subjects = a.words.iter().find(|(name, _)| name == "subject").map(|(_, words)| words);
    let of_a = a.column(measure).unwrap_or_default();
    let unit = |(at, (unit, score)): (usize, (&'a String, &Option<f64>))| {
        let other = *places.get(unit.as_str())?;
        Some(Shared {
            name: unit,
            at: (at, other),
            subject: subjects.and_then(|words| words[at].as_deref()),
            difference: (*score)? - of_b[other]?,
        })
    };
    a.units.iter().zip(of_a).enumerate().filter_map(unit).collect()
}

impl Pair<'_> {
    fn differences(&self) -> Vec<f64> {
        self.units.iter().map(|unit| unit.difference).collect()
    }

    /// Mean differences by subject, in the order of their names.
    fn by_subject(&self) -> Result<Vec<(String, Vec<usize>)>, KindError> {
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, unit) in self.units.iter().enumerate() {
            let subject = unit.subject.ok_or_else(|| {
                KindError::new(format!(
                    "`over` draws subjects, but unit `{}` of `{}` has none; `load_units` reads them from a table",
                    unit.name,
                    self.a.name()
                ))
            })?;
            groups.entry(subject).or_default().push(place);
        }
        if groups.len() < 3 {
            return Err(KindError::new(format!(
                "`over` draws subjects, and units are of {} ({}); an interval over subjects needs 3 or more",
                groups.len(),
                groups.keys().copied().collect::<Vec<_>>().join(", ")
            )));
        }
        Ok(groups.into_iter().map(|(name, places)| (name.to_owned(), places)).collect())
    }
}

/// Intervals from draws of units alone, within the subjects drawn where these are drawn too.
fn over_units(params: &Params, list: &mut [Pair<'_>]) -> Result<(), KindError> {
    let (draws, bootstrap) = (params.resamples.get(), params.test() == Test::Bootstrap);
    for pair in list {
        let differences = pair.differences();
        if differences.len() < 2 {
            continue;
        }
        if !params.over.contains(&Over::Subjects) && !bootstrap {
            pair.interval = Some(resampling::of_mean(&differences, draws, params.interval, params.seed));
            continue;
        }
        let groups = match params.over.contains(&Over::Subjects) {
            true => Some(pair.by_subject()?.into_iter().map(|(_, places)| places).collect::<Vec<_>>()),
            false => None,
        };
        let weights = unit_weights(differences.len(), groups.as_deref(), draws, params.seed);
        let drawn: Vec<f64> = weights.iter().map(|weights| weighted(&differences, weights)).collect();
        if bootstrap {
            pair.p = Some(resampling::two_sided(&drawn));
        }
        pair.interval = Some(resampling::interval(drawn, params.interval));
    }
    Ok(())
}

/// How often each unit is drawn: of all units, or subjects first and then units within each that was drawn.
fn unit_weights(units: usize, subjects: Option<&[Vec<usize>]>, draws: usize, seed: u64) -> Vec<Vec<u32>> {
    let mut rng = resampling::seeded(seed);
    let Some(subjects) = subjects else { return resampling::counts(units, draws, &mut rng) };
    (0..draws)
        .map(|_| {
            let mut weights = vec![0; units];
            let drawn = resampling::counts(subjects.len(), 1, &mut rng).remove(0);
            for (places, times) in subjects.iter().zip(drawn) {
                for _ in 0..times {
                    let within = resampling::counts(places.len(), 1, &mut rng).remove(0);
                    places.iter().zip(within).for_each(|(&place, count)| weights[place] += count);
                }
            }
            weights
        })
        .collect()
}

fn weighted(values: &[f64], weights: &[u32]) -> f64 {
    let (sum, count) = values
        .iter()
        .zip(weights)
        .filter(|(x, _)| x.is_finite())
        .fold((0.0, 0.0), |(sum, count), (x, &w)| (sum + f64::from(w) * x, count + f64::from(w)));
    sum / count
}

/// Intervals from draws of stimuli, crossed with units where these are drawn too. All variants see the same draws.
fn over_stimuli(
    params: &Params,
    all: &[Scores],
    scored: &[Scored],
    list: &mut Vec<Pair<'_>>,
    run: &mut Run<'_>,
) -> Result<(), KindError> {
    let known = |measure: &str| sums::known(measure);
    let mut left: Vec<&str> = list.iter().map(|pair| pair.measure).filter(|measure| !known(measure)).collect();
    left.sort_unstable();
    left.dedup();
    if !left.is_empty() {
        let names: Vec<String> = left.iter().map(|name| format!("`{name}`")).collect();
        run.note(format!(
            "where stimuli are drawn, there are no differences in {}, which need single trials",
            names.join(", ")
        ));
    }
    list.retain(|pair| known(pair.measure));
    let drawn = Drawn::new(scored, params, run)?;
    let mut measures: Vec<&str> = list.iter().map(|pair| pair.measure).collect();
    measures.sort_unstable();
    measures.dedup();
    let place = |scores: &Scores| all.iter().position(|one| std::ptr::eq(one, scores)).expect("of the list");
    for measure in measures {
        let of_all: Vec<ndarray::Array2<f64>> =
            all.iter().zip(scored).map(|(scores, scored)| drawn.scores(measure, scores, scored)).collect();
        for pair in list.iter_mut().filter(|pair| pair.measure == measure && pair.units.len() > 1) {
            let (a, b) = (&of_all[place(pair.a)], &of_all[place(pair.b)]);
            crossed(params, pair, (a, b), drawn.stimuli())?;
        }
    }
    Ok(())
}

/// The interval and p of one pair, from its units' scores in every draw of stimuli, draws × units.
fn crossed(
    params: &Params,
    pair: &mut Pair<'_>,
    (a, b): (&ndarray::Array2<f64>, &ndarray::Array2<f64>),
    stimuli: usize,
) -> Result<(), KindError> {
    let draws = a.nrows();
    let row = |draw: usize| -> Vec<f64> {
        pair.units.iter().map(|unit| a[[draw, unit.at.0]] - b[[draw, unit.at.1]]).collect()
    };
    let ones = vec![1; pair.units.len()];
    let mean = summary::mean(&pair.differences());
    let by_stimuli: Vec<f64> = (0..draws).map(|draw| weighted(&row(draw), &ones)).filter(|x| x.is_finite()).collect();
    if by_stimuli.len() < draws / 2 {
        return Ok(());
    }
    if !params.over.contains(&Over::Units) {
        if params.test() == Test::Bootstrap {
            pair.p = Some(resampling::two_sided(&by_stimuli));
        }
        pair.interval = Some(resampling::interval(by_stimuli, params.interval));
        return Ok(());
    }
    let groups = match params.over.contains(&Over::Subjects) {
        true => Some(pair.by_subject()?.into_iter().map(|(_, places)| places).collect::<Vec<_>>()),
        false => None,
    };
    let factor = groups.as_ref().map_or(pair.units.len(), Vec::len);
    let weights = unit_weights(pair.units.len(), groups.as_deref(), draws, params.seed);
    let differences = pair.differences();
    let by_units: Vec<f64> = weights.iter().map(|weights| weighted(&differences, weights)).collect();
    let both: Vec<f64> =
        (0..draws).map(|draw| weighted(&row(draw), &weights[draw])).filter(|x| x.is_finite()).collect();
    let variances = Variances {
        subjects: summary::variance(&by_units),
        stimuli: summary::variance(&by_stimuli),
        both: summary::variance(&both),
    };
    let variance = variances.corrected(factor, stimuli);
    let (se, freedom) = (variance.sqrt(), factor.min(stimuli) as f64 - 1.0);
    let half = student::quantile(0.5 + params.interval / 2.0, freedom) * se;
    pair.interval = Some((mean - half, mean + half));
    if params.test() == Test::Bootstrap && se > 0.0 {
        pair.p = Some(student::two_sided(mean / se, freedom));
    }
    Ok(())
}

/// What tests over units say.
fn tested(params: &Params, list: &mut [Pair<'_>]) -> Result<(), KindError> {
    match params.test() {
        Test::Bootstrap => Ok(()),
        Test::Wilcoxon => {
            list.iter_mut().for_each(|pair| pair.p = wilcoxon::signed_rank(&pair.differences()));
            Ok(())
        }
        Test::Permutation => {
            for of_family in families(params, list) {
                let mut things: BTreeMap<String, usize> = BTreeMap::new();
                let mut thing = |name: &str| {
                    let next = things.len();
                    *things.entry(name.to_owned()).or_insert(next)
                };
                let mut comparisons = Vec::new();
                for &at in &of_family {
                    let pair = &list[at];
                    let differences = pair.differences();
                    comparisons.push(match params.over.contains(&Over::Subjects) {
                        true => pair
                            .by_subject()?
                            .into_iter()
                            .map(|(subject, places)| {
                                let of: Vec<f64> = places.iter().map(|&place| differences[place]).collect();
                                (thing(&subject), summary::mean(&of))
                            })
                            .collect(),
                        false => pair.units.iter().map(|unit| (thing(unit.name), unit.difference)).collect(),
                    });
                }
                let found = resampling::sign_flips(&comparisons, params.resamples.get(), params.seed);
                for (at, found) in of_family.into_iter().zip(found) {
                    (list[at].p, list[at].largest) = found.unzip();
                }
            }
            Ok(())
        }
    }
}

/// Places of pairs whose p are corrected together.
fn families(params: &Params, list: &[Pair<'_>]) -> Vec<Vec<usize>> {
    match params.family {
        Family::All => vec![(0..list.len()).collect()],
        Family::Measure => {
            let mut by: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
            list.iter().enumerate().for_each(|(at, pair)| by.entry(pair.measure).or_default().push(at));
            by.into_values().collect()
        }
    }
}

fn adjusted(params: &Params, list: &[Pair<'_>]) -> Vec<Option<f64>> {
    let mut adjusted: Vec<Option<f64>> = list.iter().map(|pair| pair.p).collect();
    for family in families(params, list) {
        let known: Vec<usize> = family.into_iter().filter(|&at| list[at].p.is_some()).collect();
        let p: Vec<f64> = known.iter().filter_map(|&at| list[at].p).collect();
        let of_family: Vec<Option<f64>> = match params.correct() {
            Correct::None => p.into_iter().map(Some).collect(),
            Correct::Holm => holm(&p).into_iter().map(Some).collect(),
            Correct::Bh => benjamini_hochberg(&p).into_iter().map(Some).collect(),
            Correct::MaxStatistic => known.iter().map(|&at| list[at].largest).collect(),
        };
        known.into_iter().zip(of_family).for_each(|(at, p)| adjusted[at] = p);
    }
    adjusted
}

impl Params {
    fn test(&self) -> Test {
        let units_alone = self.over == [Over::Units];
        self.test.unwrap_or(if units_alone { Test::Wilcoxon } else { Test::Bootstrap })
    }

    fn correct(&self) -> Correct {
        let turned = self.test() == Test::Permutation;
        self.correct.unwrap_or(if turned { Correct::MaxStatistic } else { Correct::Holm })
    }
}

/// How the numbers came about, as a caption says it.
fn facts(params: &Params, compared: usize, measures: usize) -> BTreeMap<String, Json> {
    let over: Vec<&str> = params.over.iter().map(|over| over.name()).collect();
    let over = over.join(" and ");
    let of = if params.over.contains(&Over::Subjects) { "subjects" } else { "units" };
    let test = match params.test() {
        Test::Wilcoxon => "Wilcoxon signed-rank test over units".to_owned(),
        Test::Permutation => format!("random signs of the differences of {of}"),
        Test::Bootstrap => format!("bootstrap over {over}"),
    };
    let family = match params.family {
        Family::All if measures > 1 => format!("all {compared} pairs and measures"),
        Family::All => format!("all {compared} pairs"),
        Family::Measure => "the pairs of a measure".to_owned(),
    };
    let correction = match params.correct() {
        Correct::None => "not corrected for the number of pairs".to_owned(),
        Correct::Holm => format!("corrected by Holm over {family}"),
        Correct::Bh => format!("corrected by Benjamini–Hochberg over {family}"),
        Correct::MaxStatistic => format!("corrected by the largest statistic of {family}"),
    };
    let interval = format!("bootstrap {} % interval over {over}", 100.0 * params.interval);
    BTreeMap::from([
        (fact::INTERVAL.to_owned(), json!(interval)),
        (fact::TEST.to_owned(), json!(test)),
        (fact::CORRECTION.to_owned(), json!(correction)),
    ])
}

fn frame(list: &[Pair<'_>], adjusted: &[Option<f64>]) -> Result<DataFrame, KindError> {
    let names = |of: fn(&Pair<'_>) -> String| list.iter().map(of).collect::<Vec<_>>();
    let numbers = |of: fn(&Pair<'_>) -> Option<f64>| list.iter().map(of).collect::<Vec<_>>();
    let columns = vec![
        Column::new(column::A.into(), names(|pair| pair.a.name())),
        Column::new(column::B.into(), names(|pair| pair.b.name())),
        Column::new(column::MEASURE.into(), names(|pair| pair.measure.to_owned())),
        Column::new(
            column::DIFFERENCE.into(),
            numbers(|pair| (!pair.units.is_empty()).then(|| summary::mean(&pair.differences()))),
        ),
        Column::new(column::LOW.into(), numbers(|pair| pair.interval.map(|(low, _)| low))),
        Column::new(column::HIGH.into(), numbers(|pair| pair.interval.map(|(_, high)| high))),
        Column::new(column::P.into(), numbers(|pair| pair.p)),
        Column::new(column::UNITS.into(), list.iter().map(|pair| pair.units.len() as u32).collect::<Vec<_>>()),
        Column::new(column::P_ADJUSTED.into(), adjusted.to_vec()),
    ];
    DataFrame::new(list.len(), columns).map_err(|e| KindError::new(e.to_string()))
}
