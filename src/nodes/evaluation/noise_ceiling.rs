//! The kind `noise_ceiling`: how much of each unit's responses could be explained at all.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Arity, Input, Measure, NodeKind, Output, ParamProblem, Role};
use crate::nodes::measures::EXPLAINABLE;
use crate::value::ty::Type;

/// Reliability of units from repeats.
pub struct NoiseCeiling;

/// The parameters of `noise_ceiling`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Which estimate the column `ceiling` holds; both stand in the table.
    #[serde(default)]
    pub method: Method,
    /// Random halvings of the repeats that are averaged, 1 to 10000.
    #[serde(default = "twenty")]
    #[schemars(range(min = 1, max = 10000))]
    pub halves: usize,
    /// What the halvings are drawn from; the recipe's seed unless given.
    #[serde(default)]
    pub seed: u64,
}

/// An estimate of the ceiling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Method {
    /// Correlation of half means, corrected to all repeats (Spearman–Brown).
    #[default]
    SplitHalf,
    /// Signal variance over signal and noise variance (NSD).
    Variance,
}

fn twenty() -> usize {
    20
}

impl NodeKind for NoiseCeiling {
    const NAME: &'static str = "noise_ceiling";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "How much of each unit's mean responses could be explained at all, from repeats.\n\n\
        `split_half`: Pearson's r of the means of random halves of the repeats, averaged over halvings, then 2r/(1 + r). \
        `variance_based`: snr/(snr + 1/n) with snr the signal's variance over the noise's. Both are fractions of variance: \
        explained variance is divided by the ceiling, r by its square root. A negative estimate is 0. A stimulus with \
        fewer than two repeats of a unit is left out of that unit's ceiling.";
    const EXAMPLE: &'static str = "\
ceiling:
  kind: noise_ceiling
  in: { responses: it.responses }
  with: { method: split_half, halves: 20 }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[Input {
        name: "responses",
        types: &[Type::Responses],
        arity: Arity::One,
        about: "Responses with their repeats.",
    }];
    const MEASURES: &'static [Measure] = &[EXPLAINABLE, SPLIT_HALF, VARIANCE_BASED];
    const OUTPUTS: &'static [Output] = &[Output {
        name: "ceiling",
        ty: Type::Table,
        keyed: None,
        role: Some(Role::Ceiling),
        about: "A row per unit: unit, ceiling, split_half, variance_based, repeats (median count over stimuli).",
    }];

    fn check(params: &Params) -> Result<(), ParamProblem> {
        if (1..=10_000).contains(&params.halves) {
            Ok(())
        } else {
            Err(ParamProblem::at("halves", format!("{} is not between 1 and 10000", params.halves)))
        }
    }
}

const SPLIT_HALF: Measure = Measure {
    name: "split_half",
    definition: "2r/(1 + r), r the mean over random halvings of Pearson's correlation of half means",
    label: "split-half reliability",
    unit: "Spearman–Brown corrected r",
    share: true,
    ..Measure::PLAIN
};
const VARIANCE_BASED: Measure = Measure {
    name: "variance_based",
    definition: "snr/(snr + 1/n), snr = signal variance / noise variance over repeats (Allen et al. 2022)",
    label: "variance-based ceiling",
    unit: "fraction of variance",
    share: true,
    ..Measure::PLAIN
};

#[cfg(feature = "torch")]
mod compute {
    use ndarray::Axis;
    use polars::prelude::{Column, DataFrame};
    use serde_json::json;

    use crate::kind::{Compute, KindError, NodeKind, Run, fact};
    use crate::nodes::evaluation::noise_ceiling::{
        EXPLAINABLE, Method, NoiseCeiling, Params, SPLIT_HALF, VARIANCE_BASED,
    };
    use crate::stats::{reliability, summary};
    use crate::value::Value;
    use crate::value::lineage::{Exposure, Lineage};
    use crate::value::table::Table;

    impl Compute for NoiseCeiling {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let responses = run.responses("responses")?;
            let Some(repeats) = &responses.repeats else {
                return Err(KindError::new(
                    "`responses` has no repeats; a ceiling is estimated from at least two presentations of a stimulus",
                ));
            };
            let (stimuli, units, _) = repeats.dim();
            let twice = |row: &usize, unit: usize| {
                repeats.slice(ndarray::s![*row, unit, ..]).iter().filter(|value| value.is_finite()).count() > 1
            };
            let usable: Vec<usize> = (0..stimuli).filter(|row| (0..units).any(|unit| twice(row, unit))).collect();
            if usable.len() < 2 {
                return Err(KindError::new(format!(
                    "{} of {stimuli} stimuli have two repeats or more; a ceiling needs at least 2 such stimuli",
                    usable.len()
                )));
            }
            if usable.len() < stimuli {
                run.note(format!(
                    "{} of {stimuli} stimuli have fewer than two repeats and were left out",
                    stimuli - usable.len()
                ));
            }
            let kept = repeats.select(Axis(0), &usable);
            let split_half = reliability::split_half(kept.view(), params.halves, params.seed);
            let variance: Vec<Option<f64>> =
                (0..units).map(|unit| reliability::variance_based(kept.index_axis(Axis(1), unit))).collect();
            let counts: Vec<f64> = (0..units)
                .map(|unit| {
                    let of_unit = kept.index_axis(Axis(1), unit);
                    let counts: Vec<f64> =
                        of_unit.rows().into_iter().map(|r| r.iter().filter(|x| x.is_finite()).count() as f64).collect();
                    summary::median(&counts).unwrap_or(0.0)
                })
                .collect();
            let chosen = match params.method {
                Method::SplitHalf => &split_half,
                Method::Variance => &variance,
            };
            let none = chosen.iter().filter(|c| c.is_none_or(|c| c <= 0.0)).count();
            if none > 0 {
                run.note(format!("{none} of {units} units have no reliable response: their scores are not normalised"));
            }
            let frame = DataFrame::new(
                units,
                vec![
                    Column::new("unit".into(), responses.units().to_vec()),
                    Column::new("ceiling".into(), chosen.clone()),
                    Column::new("split_half".into(), split_half.clone()),
                    Column::new("variance_based".into(), variance.clone()),
                    Column::new("repeats".into(), counts),
                ],
            )
            .map_err(|e| KindError::new(e.to_string()))?;
            let mut table = Table::new(frame);
            if let Some(recording) = &responses.about.recording {
                table.about.facts.insert(fact::RECORDING.to_owned(), json!(recording));
            }
            table.about.lineage =
                Lineage::default().selected_by(Exposure::new(NoiseCeiling::NAME, responses.stimuli(), &usable));
            let definitions = [
                (SPLIT_HALF.name, SPLIT_HALF.definition),
                (VARIANCE_BASED.name, VARIANCE_BASED.definition),
                (
                    EXPLAINABLE.name,
                    match params.method {
                        Method::SplitHalf => {
                            "the column split_half: the explainable fraction of the variance of mean responses"
                        }
                        Method::Variance => {
                            "the column variance_based: the explainable fraction of the variance of mean responses"
                        }
                    },
                ),
            ];
            table.about.definitions = definitions.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
            run.emit("ceiling", Value::Table(table))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NoiseCeiling;
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::samples;
    use crate::nodes::testing::{about, inputs, responses, stimuli};
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
            assert_eq!(made.numbers("ceiling", "ceiling"), [1.0, 0.0]);
            assert_eq!(made.numbers("ceiling", column), [1.0, 0.0]);
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
}
