//! The kind `noise_ceiling`: how much of each unit's responses could be explained at all.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::kind::ahead::{Ahead, Misfit};
use crate::kind::{Arity, Input, Measure, NodeKind, Output, ParamProblem, Role};
use crate::nodes::evaluation::convention::Convention;
use crate::nodes::evaluation::on::On;
use crate::nodes::measures::EXPLAINABLE;
use crate::nodes::parts::{Takes, refuse_absent, refuse_unconnected, refuse_unrecorded};
use crate::value::ty::Type;

/// Reliability of units from repeats.
pub struct NoiseCeiling;

/// The parameters of `noise_ceiling`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Which estimate the column `ceiling` holds; all stand in the table.
    #[serde(default)]
    pub method: Method,
    /// The rows of `split` that the ceiling is of: those that are scored by it. Unless given, all.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub on: Option<On>,
    /// Of how many repeats the mean is that it is the ceiling of: `actual`, those that each stimulus has; or a number, such as 1 for
    /// single trials.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "actual"))]
    pub repeats: MeanOf,
    /// Random halvings of the repeats that are averaged, 1 to 10000; 20 unless given, under a convention 10.
    #[serde(default)]
    #[schemars(range(min = 1, max = 10000), extend("x-neutral" = null))]
    pub halves: Option<usize>,
    /// Whether halves are of one size, so that an odd repeat is left out.
    #[serde(default)]
    #[schemars(extend("x-neutral" = false))]
    pub equal: bool,
    /// Another program's way, for numbers beside its own. Both halve one order of the repeats for all stimuli, step each halving's r
    /// up by 2r/(1 + r), and average these: `brain_score` over halves as they are, `nx414` over equal ones.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub convention: Option<Convention>,
    /// What the halvings are drawn from; the recipe's seed unless given.
    #[serde(default)]
    pub seed: u64,
}

/// An estimate of the ceiling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Method {
    /// Correlation of half means, stepped up to all repeats (Spearman–Brown, exact for halves of unlike sizes).
    #[default]
    SplitHalf,
    /// Signal variance over the variance of the mean responses (NSD).
    Variance,
    /// The same after each repeat was z-scored over stimuli (Allen et al. 2022).
    VarianceStandardised,
}

/// How many repeats a mean is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Json", into = "Json")]
pub enum MeanOf {
    #[default]
    Actual,
    Count(u32),
}

impl TryFrom<Json> for MeanOf {
    type Error = String;

    fn try_from(value: Json) -> Result<Self, String> {
        let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
        match (value.as_str(), count) {
            (Some("actual"), _) => Ok(Self::Actual),
            (_, Some(count)) if count > 0 => Ok(Self::Count(count)),
            _ => Err(format!("{value} is not `actual` or a whole number of repeats, 1 for single trials")),
        }
    }
}

impl From<MeanOf> for Json {
    fn from(of: MeanOf) -> Self {
        match of {
            MeanOf::Actual => "actual".into(),
            MeanOf::Count(count) => count.into(),
        }
    }
}

impl JsonSchema for MeanOf {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "MeanOf".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "oneOf": [{ "const": "actual" }, { "type": "integer", "minimum": 1 }] })
    }
}

impl NodeKind for NoiseCeiling {
    const NAME: &'static str = "noise_ceiling";
    const VERSION: u32 = 2;
    const ABOUT: &'static str = "How much of each unit's mean responses could be explained at all, from repeats.\n\n\
        With `split` and `on`, of the rows that are scored: a ceiling of others is not theirs. `split_half`: Pearson's r of the means \
        of random halves of the repeats, averaged over halvings and stepped up to all repeats, exactly also where halves differ in \
        size. `variance_based`: signal variance over the variance of the mean responses. All are fractions of variance: explained \
        variance is divided by the ceiling, r by its square root. Estimates keep their sign: units of pure noise average 0. A stimulus \
        with fewer than two repeats of a unit is left out of that unit's ceiling. Ceilings that a file gives are read by `load_units`.";
    const EXAMPLE: &'static str = "\
ceiling:
  kind: noise_ceiling
  in: { responses: it.responses, split: it.split }
  with: { on: test }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        Input {
            name: "responses",
            types: &[Type::Responses],
            arity: Arity::One,
            about: "Responses with their repeats.",
        },
        Input { name: "split", types: &[Type::Split], arity: Arity::Optional, about: "Which rows `on` means." },
    ];
    const MEASURES: &'static [Measure] = &[EXPLAINABLE, SPLIT_HALF, VARIANCE_BASED, VARIANCE_STANDARDISED];
    const OUTPUTS: &'static [Output] = &[Output {
        name: "ceiling",
        ty: Type::Table,
        keyed: None,
        role: Some(Role::Ceiling),
        about: "A row per unit: unit, ceiling, ceiling_se (its standard error over stimuli, by the jackknife), split_half, \
            variance_based, variance_standardised, repeats (median count over stimuli).",
    }];

    fn check(params: &Params) -> Result<(), ParamProblem> {
        if let Some(halves) = params.halves
            && !(1..=10_000).contains(&halves)
        {
            return Err(ParamProblem::at("halves", format!("{halves} is not between 1 and 10000")));
        }
        let Some(convention) = params.convention else { return Ok(()) };
        let only = |name: &str, rule: &str| {
            Err(ParamProblem::at(name, format!("`convention: {}` {rule}; leave `{name}` out", convention.name())))
        };
        match params {
            Params { method: Method::Variance | Method::VarianceStandardised, .. } => only("method", "halves repeats"),
            Params { equal: true, convention: Some(Convention::BrainScore), .. } => {
                only("equal", "halves repeats as they are")
            }
            Params { repeats: MeanOf::Count(_), .. } => only("repeats", "is of the actual repeats"),
            _ => Ok(()),
        }
    }

    fn fits(params: &Params, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        let Some(on) = params.on else {
            if !ahead.has("split") {
                return Ok(());
            }
            let message = "a split is connected, and `on` does not say which part of it the ceiling is of";
            return Err(Misfit::port("split", message)
                .help("say which rows are scored, as in `with: { on: test }`, or leave `split` out"));
        };
        refuse_unconnected("on", on.asked(), "leave `on` out for a ceiling of all rows", ahead)?;
        refuse_absent("on", on.asked(), Takes::All, ahead)?;
        refuse_unrecorded("on", on.asked(), ahead)
    }
}

const SPLIT_HALF: Measure = Measure {
    name: "split_half",
    definition: "r of the means of random halves of the repeats, averaged over halvings and stepped up to all repeats \
        (Spearman–Brown; exact for halves of unlike sizes)",
    label: "split-half reliability",
    unit: "stepped-up r",
    share: true,
    ..Measure::PLAIN
};
const VARIANCE_BASED: Measure = Measure {
    name: "variance_based",
    definition: "1 − noise / Var(ȳ), noise the variance over repeats divided by their number, averaged over stimuli (Allen et al. 2022)",
    label: "variance-based ceiling",
    unit: "fraction of variance",
    share: true,
    ..Measure::PLAIN
};
const VARIANCE_STANDARDISED: Measure = Measure {
    name: "variance_standardised",
    definition: "(1 − noise) / (1 − noise + noise/m), noise the variance over repeats that were z-scored over stimuli (Allen et al. 2022)",
    label: "variance-based ceiling of z-scored repeats",
    unit: "fraction of variance",
    share: true,
    ..Measure::PLAIN
};

#[cfg(feature = "torch")]
mod compute {
    use ndarray::{Array3, ArrayView2, Axis};
    use polars::prelude::{Column, DataFrame};
    use serde_json::json;

    use crate::kind::{Compute, KindError, NodeKind, Run, fact};
    use crate::nodes::evaluation::ceiling_rows;
    use crate::nodes::evaluation::convention::Convention;
    use crate::nodes::evaluation::noise_ceiling::{
        EXPLAINABLE, MeanOf, Method, NoiseCeiling, Params, SPLIT_HALF, VARIANCE_BASED, VARIANCE_STANDARDISED,
    };
    use crate::stats::reliability::{self, Estimate, Halving, Repeats};
    use crate::stats::summary;
    use crate::value::Value;
    use crate::value::lineage::{Exposure, Lineage};
    use crate::value::responses::Responses;
    use crate::value::table::Table;

    /// Halvings unless a recipe says how many: ours, and a convention's.
    const HALVES: usize = 20;
    const HALVES_BY_CONVENTION: usize = 10;

    impl Compute for NoiseCeiling {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let responses = run.responses("responses")?;
            let Some(repeats) = &responses.repeats else {
                return Err(KindError::new(
                    "`responses` has no repeats; a ceiling is estimated from at least two presentations of a stimulus",
                ));
            };
            let rows = ceiling_rows::asked_for(params.on, &responses, run)?;
            let usable = usable(repeats, &rows);
            if usable.len() < 2 {
                return Err(KindError::new(format!(
                    "{} of {} stimuli have two repeats or more; a ceiling needs at least 2 such stimuli",
                    usable.len(),
                    rows.len()
                )));
            }
            if usable.len() < rows.len() {
                run.note(format!(
                    "{} of {} stimuli have fewer than two repeats and were left out",
                    rows.len() - usable.len(),
                    rows.len()
                ));
            }
            let kept = repeats.select(Axis(0), &usable);
            let units = responses.units().len();
            let at = match params.repeats {
                MeanOf::Actual => Repeats::Actual,
                MeanOf::Count(count) => Repeats::Of(f64::from(count)),
            };
            let halves = reliability::split_half(kept.view(), &params.halving(), at);
            let of_each = |estimate: fn(ArrayView2<'_, f32>, Repeats) -> Option<Estimate>| -> Vec<Option<Estimate>> {
                (0..units).map(|unit| estimate(kept.index_axis(Axis(1), unit), at)).collect()
            };
            let variance = of_each(reliability::variance_based);
            let standardised = of_each(reliability::variance_standardised);
            let (chosen, name) = match params.method {
                Method::SplitHalf => (&halves.units, SPLIT_HALF.name),
                Method::Variance => (&variance, VARIANCE_BASED.name),
                Method::VarianceStandardised => (&standardised, VARIANCE_STANDARDISED.name),
            };
            let none = chosen.iter().filter(|one| one.is_none_or(|one| one.ceiling <= 0.0)).count();
            if none > 0 {
                run.note(format!("{none} of {units} units have no reliable response: their scores are not normalised"));
            }
            let ceilings = |all: &[Option<Estimate>]| -> Vec<Option<f64>> {
                all.iter().map(|one| one.map(|one| one.ceiling)).collect()
            };
            let se: Vec<Option<f64>> = chosen.iter().map(|one| one.and_then(|one| one.se)).collect();
            let columns = vec![
                Column::new("unit".into(), responses.units().to_vec()),
                Column::new(EXPLAINABLE.name.into(), ceilings(chosen)),
                Column::new("ceiling_se".into(), se),
                Column::new(SPLIT_HALF.name.into(), ceilings(&halves.units)),
                Column::new(VARIANCE_BASED.name.into(), ceilings(&variance)),
                Column::new(VARIANCE_STANDARDISED.name.into(), ceilings(&standardised)),
                Column::new("repeats".into(), counts(&kept)),
            ];
            let mut table = Table::new(DataFrame::new(units, columns).map_err(|e| KindError::new(e.to_string()))?);
            describe(&mut table, &params, &responses, &usable, name);
            if params.convention == Some(Convention::BrainScore) {
                table.about.facts.insert(fact::AGGREGATE.to_owned(), json!(halves.median));
            }
            run.emit("ceiling", Value::Table(table))
        }
    }

    impl Params {
        fn halving(&self) -> Halving {
            let by_convention = self.convention.is_some();
            let count = self.halves.unwrap_or(if by_convention { HALVES_BY_CONVENTION } else { HALVES });
            Halving {
                count,
                seed: self.seed,
                equal: self.equal || self.convention == Some(Convention::Nx414),
                shared: by_convention,
                each: by_convention,
                plain: by_convention,
            }
        }
    }

    /// The rows that some unit has seen twice.
    fn usable(repeats: &Array3<f32>, rows: &[usize]) -> Vec<usize> {
        let twice = |row: usize, unit: usize| {
            repeats.slice(ndarray::s![row, unit, ..]).iter().filter(|value| value.is_finite()).count() > 1
        };
        rows.iter().copied().filter(|&row| (0..repeats.dim().1).any(|unit| twice(row, unit))).collect()
    }

    /// The median count of repeats over stimuli, per unit.
    fn counts(kept: &Array3<f32>) -> Vec<f64> {
        let of_unit = |unit| {
            let rows = kept.index_axis(Axis(1), unit);
            let counts: Vec<f64> =
                rows.rows().into_iter().map(|r| r.iter().filter(|x| x.is_finite()).count() as f64).collect();
            summary::median(&counts).unwrap_or(0.0)
        };
        (0..kept.dim().1).map(of_unit).collect()
    }

    /// What the numbers are, and of which rows and repeats.
    fn describe(table: &mut Table, params: &Params, responses: &Responses, usable: &[usize], chosen: &str) {
        let facts = &mut table.about.facts;
        if let Some(recording) = &responses.about.recording {
            facts.insert(fact::RECORDING.to_owned(), json!(recording));
        }
        let repeats = match params.repeats {
            MeanOf::Actual => ceiling_rows::mean_repeats(responses, usable),
            MeanOf::Count(count) => Some(f64::from(count)),
        };
        facts.insert(fact::REPEATS.to_owned(), json!(repeats));
        if let Some(convention) = params.convention {
            facts.insert(fact::CONVENTION.to_owned(), json!(convention.name()));
        }
        table.about.lineage =
            Lineage::default().selected_by(Exposure::new(NoiseCeiling::NAME, responses.stimuli(), usable));
        let own = format!("the column {chosen}: the explainable fraction of the variance of mean responses");
        let mut definitions: std::collections::BTreeMap<String, String> =
            [SPLIT_HALF, VARIANCE_BASED, VARIANCE_STANDARDISED]
                .map(|measure| (measure.name.to_owned(), measure.definition.to_owned()))
                .into();
        definitions.insert(EXPLAINABLE.name.to_owned(), own);
        table.about.definitions = definitions;
    }
}

#[cfg(test)]
mod tests {
    use super::NoiseCeiling;
    use crate::nodes::data::load_recordings::LoadRecordings;
    use crate::nodes::data::testing::{Bench, shared};
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::samples;
    use crate::nodes::testing::{about, hold_out, inputs, responses, stimuli};
    use crate::value::Value;
    use crate::value::responses::Responses;
    use ndarray::{Array2, Array3};
    use serde_json::json;

    impl Golden for NoiseCeiling {
        fn golden() -> Sample {
            (inputs().value("responses", &samples::repeats(24)), json!({ "seed": 1 }))
        }
    }

    /// Means of repeats that are there, as a loader gives them.
    fn recorded(repeats: Array3<f32>) -> Value {
        let (stimuli_count, units, _) = repeats.dim();
        let mean = Array2::from_shape_fn((stimuli_count, units), |(row, unit)| {
            let there: Vec<f32> =
                repeats.slice(ndarray::s![row, unit, ..]).iter().copied().filter(|x| !x.is_nan()).collect();
            there.iter().sum::<f32>() / there.len() as f32
        });
        Value::Responses(Responses::new(about(&stimuli(stimuli_count), units), mean, Some(repeats)))
    }

    /// Unit 0 repeats itself, unit 1 does the opposite; the last stimulus was shown once.
    fn two() -> Array3<f32> {
        let mut repeats = Array3::from_shape_fn((7, 2, 2), |(row, unit, repeat)| {
            let sign = if unit == 1 && repeat == 1 { -1.0 } else { 1.0 };
            sign * row as f32
        });
        repeats.slice_mut(ndarray::s![6, .., 1]).fill(f32::NAN);
        repeats
    }

    #[test]
    fn both_estimates_stand_in_the_table_and_the_one_asked_for_is_the_ceiling() {
        for (method, column) in [("split_half", "split_half"), ("variance", "variance_based")] {
            let made =
                inputs().value("responses", &recorded(two())).run::<NoiseCeiling>(json!({ "method": method })).unwrap();
            let ceilings = made.numbers("ceiling", "ceiling");
            // The second unit does not vary in its mean, of which nothing can be explained.
            assert!(ceilings[0] == 1.0 && (ceilings[1] == -1.0 || ceilings[1].is_nan()), "{ceilings:?}");
            assert_eq!(made.numbers("ceiling", column)[0], 1.0);
            assert_eq!(made.numbers("ceiling", "repeats"), [2.0, 2.0]);
            assert!(made.table("ceiling").about.definitions.contains_key("ceiling"));
            assert!(made.notes[0].contains("1 of 7 stimuli have fewer than two repeats"), "{:?}", made.notes);
        }
    }

    #[test]
    fn a_unit_keeps_the_stimuli_that_it_saw_twice() {
        let mut repeats = two();
        // Unit 1 missed half of the stimuli; unit 0 did not.
        repeats.slice_mut(ndarray::s![..4, 1, 1]).fill(f32::NAN);
        let made = inputs().value("responses", &recorded(repeats)).run::<NoiseCeiling>(json!({})).unwrap();
        assert_eq!(made.numbers("ceiling", "ceiling")[0], 1.0);
        assert_eq!(made.table("ceiling").about.lineage.selected[0].len(), 6);
    }

    #[test]
    fn rows_repeats_and_conventions_are_those_asked_for() {
        let mut repeats = Array3::from_shape_fn((12, 2, 4), |(row, unit, at)| {
            ((row * 3 + unit) as f32 + (at as f32 * 1.7).sin() * 3.0) % 7.0
        });
        repeats.slice_mut(ndarray::s![6.., .., 2..]).fill(f32::NAN);
        let rows = stimuli(12);
        let given = || inputs().value("responses", &recorded(repeats.clone()));
        let split = hold_out(&rows, "tttttteeeeee");
        let made = given().value("split", &split).run::<NoiseCeiling>(json!({ "on": "test" })).unwrap();
        assert_eq!(made.numbers("ceiling", "repeats"), [2.0, 2.0]);
        assert_eq!(
            (made.table("ceiling").about.lineage.selected[0].len(), &made.table("ceiling").about.facts["repeats"]),
            (6, &json!(2.0))
        );
        assert!(made.numbers("ceiling", "ceiling_se").iter().all(|se| *se > 0.0));
        let at = |count: u32| {
            let params = json!({ "on": "train", "repeats": count, "method": "variance" });
            given().value("split", &split).run::<NoiseCeiling>(params).unwrap().numbers("ceiling", "ceiling")[0]
        };
        assert!(at(1) < at(4) && at(4) < at(100));
        let told = given().run::<NoiseCeiling>(json!({ "convention": "brain_score" })).unwrap();
        assert!(told.table("ceiling").about.facts["aggregate"].is_f64());

        let refused = |params| given().refusal::<NoiseCeiling>(params).message;
        assert!(
            refused(json!({ "on": "test" }))
                .contains("`on: test` is a part of a split, and nothing arrives at `split`")
        );
        assert!(
            given()
                .value("split", &split)
                .refusal::<NoiseCeiling>(json!({}))
                .message
                .contains("`on` does not say which part")
        );
        assert!(refused(json!({ "convention": "nx414", "method": "variance" })).contains("leave `method` out"));
        assert!(refused(json!({ "repeats": 0 })).contains("0 is not `actual` or a whole number of repeats"));
        assert!(refused(json!({ "repeats": "all" })).contains("repeats"));
    }

    #[test]
    fn without_repeats_there_is_no_ceiling() {
        let error = inputs()
            .value("responses", &responses(&stimuli(3), Array2::zeros((3, 1))))
            .refusal::<NoiseCeiling>(json!({}));
        assert!(error.message.contains("no repeats"), "{error}");
        let mut once = two();
        once.slice_mut(ndarray::s![1.., .., 1]).fill(f32::NAN);
        let error = inputs().value("responses", &recorded(once)).refusal::<NoiseCeiling>(json!({}));
        assert!(error.message.contains("1 of 7 stimuli have two repeats or more"), "{error}");
        let error = inputs().value("responses", &recorded(two())).refusal::<NoiseCeiling>(json!({ "halves": 0 }));
        assert!(error.message.contains("0 is not between 1 and 10000"), "{error}");
    }

    /// Session 210325 of Cowley et al. 2023, 50 sites, 4 to 10 repeats. `tests/oracles/ceilings.py` says how NumPy came to the numbers.
    #[test]
    fn needs_shared_ceilings_of_v4_are_those_of_numpy_and_of_other_programs() {
        let path = shared("v4-210325/responses_repeats.npy");
        let mut bench = Bench::new();
        bench.run::<LoadRecordings>(json!({ "responses": path, "layout": "units_by_stimuli" })).unwrap();
        let responses = bench.output::<LoadRecordings>("responses");
        let made = |params| inputs().value("responses", &responses).run::<NoiseCeiling>(params).unwrap();
        let over = |column: &str| {
            let all: Vec<Option<f64>> = made(json!({})).numbers("ceiling", column).into_iter().map(Some).collect();
            let of = crate::stats::summary::summarise(&all);
            (of.mean.unwrap(), of.median.unwrap())
        };
        let near = |got: (f64, f64), wanted: (f64, f64), within: f64| {
            assert!((got.0 - wanted.0).abs() < within && (got.1 - wanted.1).abs() < within, "{got:?} of {wanted:?}");
        };
        near(over("variance_based"), (0.744_030_356_7, 0.764_043_050_4), 1e-6);
        near(over("variance_standardised"), (0.746_456_541_8, 0.765_804_196_9), 1e-6);
        // Random halves: the numbers of other draws, to what draws differ by.
        near(over("split_half"), (0.7428, 0.7637), 0.003);
        let equal = made(json!({ "convention": "nx414" })).numbers("ceiling", "ceiling");
        let equal: Vec<Option<f64>> = equal.into_iter().map(Some).collect();
        assert!((crate::stats::summary::summarise(&equal).mean.unwrap() - 0.7315).abs() < 0.006);
        let aggregate = made(json!({ "convention": "brain_score" })).table("ceiling").about.facts["aggregate"].clone();
        assert!((aggregate.as_f64().unwrap() - 0.7655).abs() < 0.006, "{aggregate}");
    }
}
