//! The kind `select_units`: some of the recorded units, by reliability, name or region.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Arity, Input, NodeKind, Output, ParamProblem};
use crate::value::ty::Type;

/// Some of the units.
pub struct SelectUnits;

/// The parameters of `select_units`; what several ask for must all hold.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The least ceiling (explainable fraction of variance, 0 to 1) that a unit must reach; needs the port `ceiling`.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub reliability: Option<f64>,
    /// The units to keep, by name, in this order.
    #[serde(default)]
    pub names: Option<Vec<String>>,
    /// The units to leave out, by name: those with missing responses, say.
    #[serde(default)]
    pub drop: Option<Vec<String>>,
    /// The largest share of stimuli (0 to 1) to which a unit may lack a response: 0 keeps only units that were recorded to all.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-neutral" = null))]
    pub missing: Option<f64>,
    /// The regions whose units are kept.
    #[serde(default)]
    pub regions: Option<Vec<String>>,
    /// The subjects whose units are kept.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub subjects: Option<Vec<String>>,
}

impl NodeKind for SelectUnits {
    const NAME: &'static str = "select_units";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "Some of the recorded units, by reliability, name or region.\n\n\
        Regions and subjects are those that the responses know; `load_units` attaches them from a table. A choice by \
        `reliability` has looked at the stimuli that the ceiling was estimated from: the scores of those units on \
        those stimuli are marked as selected, since the luckier units were kept. A unit without a ceiling is left out.";
    const EXAMPLE: &'static str = "\
reliable:
  kind: select_units
  in: { responses: it.responses, ceiling: ceiling }
  with: { reliability: 0.3 }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        Input { name: "responses", types: &[Type::Responses], arity: Arity::One, about: "Responses of all units." },
        Input {
            name: "ceiling",
            types: &[Type::Table],
            arity: Arity::Optional,
            about: "The explainable fraction of each unit's variance, from noise_ceiling or load_units.",
        },
    ];
    const OUTPUTS: &'static [Output] = &[Output {
        name: "responses",
        ty: Type::Responses,
        keyed: None,
        role: None,
        about: "Responses of the units kept, with their repeats.",
    }];

    fn check(params: &Params) -> Result<(), ParamProblem> {
        let Params { reliability, names, drop, missing, regions, subjects } = params;
        let lists = [names, drop, regions, subjects];
        if reliability.is_none() && missing.is_none() && lists.iter().all(|list| list.is_none()) {
            return Err(ParamProblem::at(
                "",
                "one of `reliability`, `names`, `drop`, `missing`, `regions` and `subjects` is needed".to_owned(),
            ));
        }
        if let Some(most) = missing.filter(|most| !(0.0..=1.0).contains(most)) {
            return Err(ParamProblem::at(
                "missing",
                format!("{most} is not between 0 and 1, as a share of stimuli is"),
            ));
        }
        match reliability {
            Some(least) if !(0.0..=1.0).contains(least) => Err(ParamProblem::at(
                "reliability",
                format!("{least} is not between 0 and 1, as a fraction of variance is"),
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(feature = "torch")]
mod compute {
    use std::collections::BTreeSet;

    use ndarray::Axis;

    use crate::kind::{Compute, KindError, Run};
    use crate::nodes::ceilings::ceilings;
    use crate::nodes::features::select_units::{Params, SelectUnits};
    use crate::text::nearest::nearest;
    use crate::value::Value;
    use crate::value::lineage::Lineage;
    use crate::value::responses::{About, Responses};

    impl Compute for SelectUnits {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let responses = run.responses("responses")?;
            let units = responses.units();
            let mut lineage = responses.about.lineage.clone();
            let mut kept: Vec<usize> = match &params.names {
                None => (0..units.len()).collect(),
                Some(names) => positions(names, units, "names")?,
            };
            if let Some(names) = &params.drop {
                let dropped: BTreeSet<usize> = positions(names, units, "drop")?.into_iter().collect();
                kept.retain(|unit| !dropped.contains(unit));
            }
            if let Some(most) = params.missing {
                let stimuli = responses.mean.nrows() as f64;
                let share =
                    |unit: usize| responses.mean.column(unit).iter().filter(|x| x.is_nan()).count() as f64 / stimuli;
                kept.retain(|&unit| share(unit) <= most);
            }
            for (what, wanted, known) in [
                ("region", &params.regions, &responses.about.regions),
                ("subject", &params.subjects, &responses.about.subjects),
            ] {
                if let Some(wanted) = wanted {
                    let known = among(what, wanted, known.as_deref(), units.len())?;
                    kept.retain(|&unit| wanted.contains(&known[unit]));
                }
            }
            if let Some(least) = params.reliability {
                if !run.has("ceiling") {
                    return Err(KindError::new(
                        "`reliability` is asked for, but nothing arrives at `ceiling`; connect a noise_ceiling",
                    ));
                }
                let table = run.table("ceiling")?;
                let ceilings = ceilings(&table, &responses, run)?;
                kept.retain(|&unit| ceilings[unit].is_some_and(|ceiling| ceiling >= least));
                lineage = Lineage::merge([&lineage, &table.about.lineage]);
            }
            if kept.is_empty() {
                return Err(KindError::new(format!(
                    "none of {} units is kept; a study needs at least one",
                    units.len()
                )));
            }
            run.note(format!("{} of {} units kept", kept.len(), units.len()));
            let about = About { lineage, ..responses.about.of_units(&kept) };
            let mean = responses.mean.select(Axis(1), &kept);
            let repeats = responses.repeats.as_ref().map(|repeats| repeats.select(Axis(1), &kept));
            run.emit("responses", Value::Responses(Responses::new(about, mean, repeats)))
        }
    }

    /// The region or subject of each unit, where the responses know it and each that is wanted is among them.
    fn among<'a>(
        what: &str,
        wanted: &[String],
        known: Option<&'a [String]>,
        units: usize,
    ) -> Result<&'a [String], KindError> {
        let Some(of_units) = known else {
            return Err(KindError::new(format!(
                "`responses` names no {what}s of its {units} units, and its file has none that are read. A table with a row per unit says \
                 them: `units: {{ kind: load_units, in: {{ responses: … }}, with: {{ path: data/units.csv }} }}` reads its column `{what}`, \
                 and `select_units` takes `units.responses`; or choose by `names` or `reliability`"
            )));
        };
        let known: BTreeSet<&str> = of_units.iter().map(String::as_str).collect();
        if let Some(missing) = wanted.iter().find(|one| !known.contains(one.as_str())) {
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            let lies = if what == "region" { "lies in" } else { "is of" };
            return Err(KindError::new(format!("no unit {lies} {what} `{missing}`; the {what}s are {known}")));
        }
        Ok(of_units)
    }

    /// Where named units stand.
    fn positions(names: &[String], units: &[String], param: &str) -> Result<Vec<usize>, KindError> {
        let mut seen = BTreeSet::new();
        names
            .iter()
            .map(|name| {
                let Some(at) = units.iter().position(|unit| unit == name) else {
                    let hint = nearest(name, units.iter().map(String::as_str));
                    let hint = hint.map(|unit| format!("; did you mean `{unit}`?")).unwrap_or_default();
                    return Err(KindError::new(format!(
                        "`{param}` names `{name}`, but none of {} units is called so{hint}",
                        units.len()
                    )));
                };
                if !seen.insert(at) {
                    return Err(KindError::new(format!("`{param}` names `{name}` twice; a unit stands once")));
                }
                Ok(at)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::SelectUnits;
    use crate::nodes::evaluation::noise_ceiling::NoiseCeiling;
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::samples;
    use crate::nodes::testing::{about, inputs, stimuli};
    use crate::value::Value;
    use crate::value::responses::{About, PerUnit, Responses};
    use ndarray::{Array2, Array3, Axis};
    use serde_json::json;

    impl Golden for SelectUnits {
        fn golden() -> Sample {
            (inputs().value("responses", &samples::repeats(24)), json!({ "names": ["u2", "u0"] }))
        }
    }

    /// Four units over six stimuli and two repeats: u0 and u2 repeat themselves, u1 and u3 do the opposite.
    fn recorded() -> Value {
        let repeats = Array3::from_shape_fn((6, 4, 2), |(stimulus, unit, repeat)| {
            let sign = if unit % 2 == 1 && repeat == 1 { -1.0 } else { 1.0 };
            sign * (stimulus as f32 - 2.5) + unit as f32
        });
        let regions = ["V4", "V4", "IT", "IT"].map(str::to_owned).to_vec();
        let subjects = Some(["m1", "m2", "m1", "m2"].map(str::to_owned).to_vec());
        let depths = PerUnit::Numbers(vec![Some(0.5), None, Some(1.5), Some(2.0)]);
        let known = [("depth".to_owned(), depths)].into();
        let about = About { regions: Some(regions), subjects, known, ..about(&stimuli(6), 4) };
        Value::Responses(Responses::new(about, repeats.mean_axis(Axis(2)).unwrap(), Some(repeats)))
    }

    fn units(params: serde_json::Value) -> Result<Vec<String>, String> {
        let made = inputs().value("responses", &recorded()).run::<SelectUnits>(params).map_err(|e| e.message)?;
        Ok(made.responses("responses").units().to_vec())
    }

    #[test]
    fn units_are_chosen_by_name_and_region() {
        assert_eq!(units(json!({ "names": ["u2", "u0"] })).unwrap(), ["u2", "u0"]);
        assert_eq!(units(json!({ "drop": ["u1"] })).unwrap(), ["u0", "u2", "u3"]);
        assert_eq!(units(json!({ "regions": ["IT"] })).unwrap(), ["u2", "u3"]);
        assert_eq!(units(json!({ "regions": ["IT"], "drop": ["u3"] })).unwrap(), ["u2"]);
        assert_eq!(units(json!({ "subjects": ["m1"] })).unwrap(), ["u0", "u2"]);
        assert_eq!(units(json!({ "subjects": ["m2"], "regions": ["IT"] })).unwrap(), ["u3"]);
        let error = units(json!({ "subjects": ["m3"] })).unwrap_err();
        assert_eq!(error, "no unit is of subject `m3`; the subjects are m1, m2");
    }

    #[test]
    fn numbers_and_repeats_go_with_their_units() {
        let made = inputs().value("responses", &recorded()).run::<SelectUnits>(json!({ "names": ["u2"] })).unwrap();
        let out = made.responses("responses");
        assert_eq!(out.mean.column(0).to_vec(), [-0.5, 0.5, 1.5, 2.5, 3.5, 4.5]);
        assert_eq!(out.repeats.unwrap().dim(), (6, 1, 2));
        assert_eq!((out.about.regions.unwrap(), out.about.subjects.unwrap()), (vec!["IT".into()], vec!["m1".into()]));
        assert_eq!(out.about.known["depth"], PerUnit::Numbers(vec![Some(1.5)]));
        assert!(out.about.lineage.selected.is_empty(), "names have seen no response");
    }

    #[test]
    fn a_choice_by_reliability_remembers_what_it_saw() {
        let ceiling = inputs().value("responses", &recorded()).run::<NoiseCeiling>(json!({ "seed": 1 })).unwrap();
        let made = inputs()
            .value("responses", &recorded())
            .value("ceiling", &ceiling.value("ceiling"))
            .run::<SelectUnits>(json!({ "reliability": 0.5 }))
            .unwrap();
        let out = made.responses("responses");
        assert_eq!(out.units(), ["u0", "u2"]);
        assert_eq!(out.about.lineage.selected[0].len(), 6);
        let error = units(json!({ "reliability": 0.5 })).unwrap_err();
        assert!(error.contains("nothing arrives at `ceiling`"), "{error}");
    }

    #[test]
    fn slips_are_named() {
        let error = units(json!({ "names": ["u22"] })).unwrap_err();
        assert!(error.contains("`names` names `u22`, but none of 4 units"), "{error}");
        assert!(units(json!({ "names": ["u2", "u2"] })).unwrap_err().contains("twice"));
        assert!(units(json!({ "regions": ["V1"] })).unwrap_err().contains("the regions are IT, V4"));
        assert!(units(json!({})).unwrap_err().contains("one of `reliability`"));
        assert!(units(json!({ "reliability": 2.0 })).unwrap_err().contains("not between 0 and 1"));
        let error = units(json!({ "drop": ["u0", "u1", "u2", "u3"] })).unwrap_err();
        assert!(error.contains("none of 4 units is kept"), "{error}");
    }

    #[test]
    fn unknown_regions_of_a_recording_without_any_are_told() {
        let bare = Value::Responses(Responses::new(about(&stimuli(2), 1), Array2::zeros((2, 1)), None));
        let error = inputs().value("responses", &bare).refusal::<SelectUnits>(json!({ "regions": ["IT"] }));
        assert!(error.message.contains("names no regions of its 1 units"), "{error}");
    }
}
