//! Ranks and their agreement, of all stimuli and of every draw.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame};
use serde_json::json;

use crate::kind::{Compute, KindError, Run, column, fact};
use crate::math::similarity::resample;
use crate::nodes::drawn::PORT;
use crate::nodes::evaluation::agreement::ranking::{Ranking, Region, rankings};
use crate::nodes::evaluation::agreement::{Agreement, FIRST, Over, Params, RANK, TAU};
use crate::stats::kendall::{ranks, tau_b};
use crate::stats::resampling::interval;
use crate::value::Value;
use crate::value::table::{About, Table};

/// Fewer draws with a value than this part have no interval.
const LEAST: f64 = 0.9;

impl Compute for Agreement {
    fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
        let all = rankings(run.arrivals(PORT))?;
        let regions: Vec<Region> =
            all[0].scores.values().next().map(|of| of.keys().cloned().collect()).unwrap_or_default();
        let (mut pairs, mut places) = (Pairs::default(), Places::default());
        for region in &regions {
            let of_region = Scores::of(&all, region, &params)?;
            if of_region.lost > 0 {
                run.note(format!(
                    "{} of {} draws{} have no value of some measure and are left out",
                    of_region.lost,
                    all[0].draws(),
                    region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default()
                ));
            }
            pairs.add(&all, region, &of_region, &params);
            places.add(&all, region, &of_region, &params);
        }
        let about = about(&all, &params);
        run.emit("table", Value::Table(Table { frame: pairs.frame()?, about: about.clone() }))?;
        run.emit("ranks", Value::Table(Table { frame: places.frame()?, about }))
    }
}

fn about(all: &[Ranking], params: &Params) -> About {
    let over = if params.over.contains(&Over::Subjects) { "stimuli and subjects" } else { "stimuli" };
    let interval = format!("{:.0} % over draws of {over} (percentiles)", params.interval * 100.0);
    let facts =
        BTreeMap::from([(fact::SCORED_ON.to_owned(), json!(all[0].on)), (fact::INTERVAL.to_owned(), json!(interval))]);
    let definitions = [TAU, RANK, FIRST].map(|measure| (measure.name.to_owned(), measure.definition.to_owned()));
    About { facts, definitions: definitions.into(), ..About::default() }
}

/// Of one region: measures × (all stimuli, then draws) × variants.
struct Scores {
    of: Vec<Vec<Vec<f64>>>,
    lost: usize,
}

impl Scores {
    fn of(all: &[Ranking], region: &Region, params: &Params) -> Result<Self, KindError> {
        let draws = all[0].draws();
        let subjects = all[0].scores.values().next().map_or(0, |of| of[region].len());
        let crossed = params.over.contains(&Over::Subjects);
        if crossed && subjects < 3 {
            let region = region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default();
            return Err(KindError::new(format!(
                "there are {subjects} subjects{region}; draws of subjects need at least 3, so leave `over` out"
            )));
        }
        let mean = |ranking: &Ranking, variant: &String, at: usize| -> f64 {
            let values: Vec<&Vec<f64>> = ranking.scores[variant][region].values().collect();
            let which: Vec<usize> = match crossed && at > 0 {
                true => resample::subjects(values.len(), params.seed, at - 1),
                false => (0..values.len()).collect(),
            };
            which.iter().map(|&subject| values[subject][at]).sum::<f64>() / which.len() as f64
        };
        // In the order of the first measure, whichever another has.
        let variants = &all[0].variants;
        let row = |ranking: &Ranking, at: usize| {
            variants.iter().map(|variant| mean(ranking, variant, at)).collect::<Vec<_>>()
        };
        let whole: Vec<Vec<Vec<f64>>> =
            all.iter().map(|ranking| (0..=draws).map(|at| row(ranking, at)).collect()).collect();
        let has = |at: usize| whole.iter().all(|of: &Vec<Vec<f64>>| of[at].iter().all(|score| score.is_finite()));
        if !has(0) {
            return Err(KindError::new("a variant has no score of all stimuli; leave it out"));
        }
        let kept: Vec<usize> = (0..=draws).filter(|&at| has(at)).collect();
        let lost = draws + 1 - kept.len();
        if lost as f64 > (1.0 - LEAST) * draws as f64 {
            return Err(KindError::new(format!(
                "in {lost} of {draws} draws of stimuli some measure has no value; score more stimuli"
            )));
        }
        let of = whole.into_iter().map(|of| kept.iter().map(|&at| of[at].clone()).collect()).collect();
        Ok(Self { of, lost })
    }

    fn draws(&self) -> usize {
        self.of[0].len() - 1
    }
}

/// Rows of `table`.
#[derive(Default)]
struct Pairs {
    region: Vec<Region>,
    a: Vec<String>,
    b: Vec<String>,
    tau: Vec<Option<f64>>,
    ends: Vec<Option<(f64, f64)>>,
    variants: Vec<u32>,
    draws: Vec<u32>,
}

impl Pairs {
    fn add(&mut self, all: &[Ranking], region: &Region, scores: &Scores, params: &Params) {
        for b in 1..all.len() {
            for a in 0..b {
                let tau = |at: usize| tau_b(&scores.of[a][at], &scores.of[b][at]);
                let drawn: Vec<f64> = (1..=scores.draws()).filter_map(tau).collect();
                self.region.push(region.clone());
                self.a.push(all[a].name.clone());
                self.b.push(all[b].name.clone());
                self.tau.push(tau(0));
                self.ends.push((drawn.len() == scores.draws()).then(|| interval(drawn, params.interval)));
                self.variants.push(all[0].variants.len() as u32);
                self.draws.push(scores.draws() as u32);
            }
        }
    }

    fn frame(self) -> Result<DataFrame, KindError> {
        let mut columns = of_regions(self.region);
        columns.extend([
            Column::new("a".into(), self.a),
            Column::new("b".into(), self.b),
            Column::new(TAU.name.into(), self.tau),
            Column::new("low".into(), self.ends.iter().map(|ends| ends.map(|ends| ends.0)).collect::<Vec<_>>()),
            Column::new("high".into(), self.ends.iter().map(|ends| ends.map(|ends| ends.1)).collect::<Vec<_>>()),
            Column::new("variants".into(), self.variants),
            Column::new("draws".into(), self.draws),
        ]);
        frame(columns)
    }
}

/// Rows of `ranks`.
#[derive(Default)]
struct Places {
    region: Vec<Region>,
    measure: Vec<String>,
    variant: Vec<String>,
    score: Vec<f64>,
    rank: Vec<f64>,
    ends: Vec<(f64, f64)>,
    first: Vec<f64>,
}

impl Places {
    fn add(&mut self, all: &[Ranking], region: &Region, scores: &Scores, params: &Params) {
        for (ranking, of) in all.iter().zip(&scores.of) {
            let by_draw: Vec<Vec<f64>> = of.iter().map(|row| ranks(row)).collect();
            for (at, variant) in all[0].variants.iter().enumerate() {
                let drawn: Vec<f64> = by_draw[1..].iter().map(|row| row[at]).collect();
                let first = drawn.iter().filter(|rank| **rank == 1.0).count() as f64 / drawn.len() as f64;
                self.region.push(region.clone());
                self.measure.push(ranking.name.clone());
                self.variant.push(variant.clone());
                self.score.push(of[0][at]);
                self.rank.push(by_draw[0][at]);
                self.ends.push(interval(drawn, params.interval));
                self.first.push(first);
            }
        }
    }

    fn frame(self) -> Result<DataFrame, KindError> {
        let mut columns = of_regions(self.region);
        columns.extend([
            Column::new(column::RANKED_BY.into(), self.measure),
            Column::new(column::VARIANT.into(), self.variant),
            Column::new("score".into(), self.score),
            Column::new(RANK.name.into(), self.rank),
            Column::new("low".into(), self.ends.iter().map(|ends| ends.0).collect::<Vec<_>>()),
            Column::new("high".into(), self.ends.iter().map(|ends| ends.1).collect::<Vec<_>>()),
            Column::new(FIRST.name.into(), self.first),
        ]);
        frame(columns)
    }
}

/// The column of regions, where there are any.
fn of_regions(regions: Vec<Region>) -> Vec<Column> {
    let any = regions.iter().any(Option::is_some);
    any.then(|| Column::new("region".into(), regions)).into_iter().collect()
}

fn frame(columns: Vec<Column>) -> Result<DataFrame, KindError> {
    let height = columns.first().map_or(0, Column::len);
    DataFrame::new(height, columns).map_err(|e| KindError::new(e.to_string()))
}
