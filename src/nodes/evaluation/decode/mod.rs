//! The kind `decode`: what a stimulus shows, read from features, from responses or from a network's class head.

#[cfg(test)]
mod tests;
#[cfg(feature = "torch")]
mod told_apart;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::Positive;
use crate::kind::ahead::{Ahead, Misfit};
use crate::kind::measure::{Part, Weight};
use crate::kind::{Arity, Input, Measure, NodeKind, Output, ParamProblem, Role, Threads};
use crate::nodes::evaluation::on::On;
use crate::nodes::parts::{Takes, refuse_absent};
use crate::value::fit::Form;
use crate::value::ty::Type;

/// Object class from features or responses.
pub struct Decode;

/// The parameters of `decode`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The rows to score: `train`, `val` or `test` of a hold-out split, or `folds`, all held-out rows pooled.
    pub on: On,
    /// What is told apart: single objects, or their categories.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "object"))]
    pub label: Label,
    /// The weight of the squared weights beside the summed log loss, over z-scored features; above 0.
    #[serde(default = "one")]
    #[schemars(extend("exclusiveMinimum" = 0, "x-neutral" = 1.0))]
    pub alpha: f64,
    /// Steps of L-BFGS at most.
    #[serde(default = "hundred")]
    #[schemars(extend("x-neutral" = 100))]
    pub iterations: Positive,
}

fn one() -> f64 {
    1.0
}

fn hundred() -> Positive {
    Positive::new(100)
}

/// What is told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Label {
    #[default]
    Object,
    Category,
}

#[cfg(feature = "torch")]
impl Label {
    /// What to do where there is one class.
    fn otherwise(self) -> &'static str {
        match self {
            Self::Category => "`label: object` tells objects apart, where there are several",
            Self::Object => "give `labels` of two classes or more",
        }
    }
}

impl NodeKind for Decode {
    const NAME: &'static str = "decode";
    const VERSION: u32 = 2;
    const ABOUT: &'static str = "Object class from features or responses, or a class head's own: accuracy and confusions.\n\n\
        Multinomial logistic regression (linfa-logistic) on features that are z-scored by the train rows, fitted on these \
        alone; with `probabilities` from a network's class head nothing is fitted, and they are scored. As in evaluate, rows \
        that any upstream fit has seen are refused unless told `on: train`.";
    const EXAMPLE: &'static str = "\
classes:
  kind: decode
  in: { features: pcs, labels: it.labels, split: it.split }
  with: { on: val, label: category }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        Input {
            name: "features",
            types: &[Type::Matrix, Type::Responses],
            arity: Arity::Optional,
            about: "What classes are read from; or `probabilities`.",
        },
        Input {
            name: "probabilities",
            types: &[Type::Matrix],
            arity: Arity::Optional,
            about: "A column per class, as a class head gives them; or `features`.",
        },
        Input { name: "labels", types: &[Type::Labels], arity: Arity::One, about: "What each stimulus shows." },
        Input { name: "split", types: &[Type::Split], arity: Arity::One, about: "Which rows are which." },
    ];
    const MEASURES: &'static [Measure] = &MEASURES;
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "summary",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Accuracy),
            about: "A row per measure: measure (accuracy, balanced_accuracy, chance), value, low, high, rows, classes.",
        },
        Output {
            name: "confusion",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Confusion),
            about: "A row per pair that occurs: true, predicted, count.",
        },
        Output {
            name: "per_class",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::ClassAccuracy),
            about: "A row per class: class, accuracy, rows.",
        },
        Output { name: "probabilities", ty: Type::Matrix, keyed: None, role: None, about: "All rows × classes." },
        Output {
            name: "fit",
            ty: Type::Fit,
            keyed: None,
            role: None,
            about: "`weights` (columns × classes) and `intercept` (classes) of the log-odds; there with `features`.",
        },
    ];
    const PASSES: &'static [(&'static str, &'static str)] = &[("fit", "features")];
    const FIT: Option<Form> = Some(Form::LogOdds);
    const THREADS: Threads = Threads::Team;

    fn check(params: &Params) -> Result<(), ParamProblem> {
        if params.alpha > 0.0 && params.alpha.is_finite() {
            return Ok(());
        }
        Err(ParamProblem::at("alpha", format!("{} is out of range; it lies above 0", params.alpha)))
    }

    fn fits(params: &Params, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        refuse_absent("on", params.on.asked(), Takes::Folds, ahead)
    }
}

/// The measures of the summary, in its order.
const MEASURES: [Measure; 3] = [
    Measure {
        name: "accuracy",
        definition: "share of the scored stimuli whose most probable class is the true one",
        weight: Weight::First,
        ..Measure::PLAIN
    },
    Measure {
        name: "balanced_accuracy",
        definition: "the mean over true classes of the share that is told right",
        ..Measure::PLAIN
    },
    Measure {
        name: "chance",
        definition: "share of the scored stimuli that the most frequent class of the train rows would get right",
        part: Part::Chance,
        ..Measure::PLAIN
    },
];

#[cfg(feature = "torch")]
mod compute {
    use std::collections::{BTreeMap, BTreeSet};

    use ndarray::{Array1, Array2, Axis};
    use polars::prelude::{Column, DataFrame};
    use serde_json::json;

    use crate::kind::fact;
    use crate::kind::{Compute, KindError, NodeKind, Run};
    use crate::math::linear::decode;
    use crate::nodes::evaluation::decode::{Decode, Label, MEASURES, Params, told_apart};
    use crate::nodes::evaluation::held_out;
    use crate::nodes::evaluation::on::On;
    use crate::value::Value;
    use crate::value::fit;
    use crate::value::fit::Fit;
    use crate::value::labels::Labels;
    use crate::value::lineage::{Exposure, Lineage};
    use crate::value::matrix;
    use crate::value::matrix::Matrix;
    use crate::value::split::{Round, Split};
    use crate::value::stimuli::Stimuli;
    use crate::value::table::{About, Table};

    /// Rows with numbers, and what upstream fits have seen.
    struct Features {
        stimuli: Stimuli,
        x: Array2<f64>,
        columns: Option<Vec<String>>,
        lineage: Lineage,
    }

    /// What one round scores.
    struct Scored<'a> {
        rows: &'a Stimuli,
        /// Of the port's rows, as all below.
        stimuli: &'a Stimuli,
        truth: &'a [Option<usize>],
        /// Rows × classes.
        probabilities: &'a Array2<f64>,
        train: &'a [usize],
        port: &'a str,
    }

    /// Decisions on the scored rows, by class number.
    #[derive(Default)]
    struct Decisions {
        truth: Vec<usize>,
        predicted: Vec<usize>,
        /// Whether the train rows' most frequent class was right.
        by_chance: usize,
        /// The classes of scored rows that no train row of their round shows.
        unseen: Vec<usize>,
        fitted: usize,
        lineage: Lineage,
    }

    impl Compute for Decode {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let split = run.split("split")?;
            let labels = run.labels("labels")?;
            let names = names(&labels, params.label)?;
            let classes: Vec<String> = names.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
            if classes.len() < 2 {
                return Err(KindError::new(told_apart::one_class(
                    "all rows of `labels`",
                    &names,
                    params.label.otherwise(),
                )));
            }
            let number: BTreeMap<&str, usize> =
                classes.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
            let class: Vec<usize> = names.iter().map(|name| number[name.as_str()]).collect();
            let port = match (run.has("features"), run.has("probabilities")) {
                (true, false) => "features",
                (false, true) => "probabilities",
                (true, true) => {
                    return Err(KindError::new(
                        "both `features` and `probabilities` are connected; classes are read from one",
                    ));
                }
                (false, false) => {
                    return Err(KindError::new(
                        "nothing arrives at `features` or `probabilities`; classes are read from one of them",
                    ));
                }
            };
            held_out::refuse_draws(&split)?;
            let rounds = held_out::rounds(params.on, &split)?;
            let mut decisions = Decisions::default();
            for round in &rounds {
                let features = features(port, round.fold, run)?;
                let of_labels = features.stimuli.find_in(&labels.stimuli, port, "labels")?;
                let truth: Vec<Option<usize>> = of_labels.iter().map(|row| row.map(|row| class[row])).collect();
                let train = known(&split, round, &features.stimuli, &truth, port)?;
                let (probabilities, lineage) = if port == "features" {
                    fitted(&params, &features, &train, &classes, round, run)?
                } else {
                    (by_head(&features, &classes)?, features.lineage.clone())
                };
                if params.on != On::Train {
                    held_out::refuse_seen(params.on, &split.stimuli, &round.held_out, &lineage, &run.declared)?;
                }
                let scored = Scored {
                    rows: &split.stimuli.select(&round.held_out),
                    stimuli: &features.stimuli,
                    truth: &truth,
                    probabilities: &probabilities,
                    train: &train,
                    port,
                };
                scored.decide(&mut decisions)?;
                decisions.fitted = train.len();
                decisions.lineage = Lineage::merge([&decisions.lineage, &lineage]);
                let about = matrix::About {
                    stimuli: Some(features.stimuli),
                    columns: Some(classes.clone()),
                    row_shape: Vec::new(),
                    lineage,
                };
                let numbers = probabilities.mapv(|p| p as f32);
                run.emit_round("probabilities", round.fold, Value::Matrix(Matrix::new(numbers, about)))?;
            }
            // A class head has seen what it was trained on, which this split need not say.
            if let (true, Some(&first)) = (port == "features", decisions.unseen.first()) {
                let (unseen, scored) = (decisions.unseen.len(), decisions.truth.len());
                run.note(told_apart::unseen((unseen, scored), &classes[first], decisions.fitted)?);
            }
            emit(&params, &classes, &decisions, port, run)
        }
    }

    fn names(labels: &Labels, label: Label) -> Result<Vec<String>, KindError> {
        match (label, &labels.category) {
            (Label::Object, _) => Ok(labels.object.clone()),
            (Label::Category, Some(category)) => Ok(category.clone()),
            (Label::Category, None) => {
                Err(KindError::new("`labels` names objects but no categories; tell objects apart with `label: object`"))
            }
        }
    }

    fn features(port: &str, fold: Option<usize>, run: &Run<'_>) -> Result<Features, KindError> {
        let arrival = run.arrival_of_fold(port, fold)?;
        let features = match Value::read(arrival.ty, &arrival.path)? {
            Value::Responses(responses) => Features {
                stimuli: responses.stimuli().clone(),
                x: responses.mean.mapv(f64::from),
                columns: None,
                lineage: responses.about.lineage.clone(),
            },
            Value::Matrix(matrix) => Features {
                stimuli: matrix.stimuli(port)?.clone(),
                x: matrix.view().mapv(f64::from),
                columns: matrix.about.columns.clone(),
                lineage: matrix.about.lineage.clone(),
            },
            other => return Err(KindError::new(format!("`{port}` cannot be {}", other.ty()))),
        };
        if let Some(((row, column), value)) = features.x.indexed_iter().find(|(_, value)| !value.is_finite()) {
            return Err(KindError::new(format!(
                "`{port}` is {value} at stimulus `{}`, column {column}; every one is a finite number",
                features.stimuli.get(row).name
            )));
        }
        Ok(features)
    }

    /// Rows of train stimuli, which all have features and a class.
    fn known(
        split: &Split,
        round: &Round,
        stimuli: &Stimuli,
        truth: &[Option<usize>],
        port: &str,
    ) -> Result<Vec<usize>, KindError> {
        let found = split.stimuli.select(&round.train).find_in(stimuli, "train", port)?;
        // A stimulus may lack a label or, among responses, a row: then it teaches nothing.
        Ok(found.into_iter().flatten().filter(|&row| truth[row].is_some()).collect())
    }

    fn fitted(
        params: &Params,
        features: &Features,
        train: &[usize],
        classes: &[String],
        round: &Round,
        run: &mut Run<'_>,
    ) -> Result<(Array2<f64>, Lineage), KindError> {
        let labels = run.labels("labels")?;
        let names = names(&labels, params.label)?;
        let at = features.stimuli.select(train).align(&labels.stimuli, "train", "labels")?;
        let seen: Vec<&str> = at.iter().map(|&row| names[row].as_str()).collect();
        let present: Vec<&str> = seen.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        if present.len() < 2 {
            return Err(KindError::new(format!(
                "{}; where the split takes `labels` too, each class has its share of the train rows",
                told_apart::one_class("the train rows", &seen, params.label.otherwise())
            )));
        }
        let y: Vec<usize> = seen.iter().map(|name| present.binary_search(name).expect("it is one of them")).collect();
        let x = features.x.select(Axis(0), train);
        let bytes = 8 * (3 * x.len() + 24 * x.ncols() * present.len());
        run.reserve(bytes as u64, "fewer features, by `pca` before, need less")?;
        run.progress(0, 1, "fits");
        let decoder = decode::fit(x.view(), &y, params.alpha, params.iterations.get() as u64)?;
        // Among all classes; one that no train row shows is never decided for.
        let mut weights = Array2::zeros((features.x.ncols(), classes.len()));
        let mut intercept = Array1::from_elem(classes.len(), f64::from(f32::MIN));
        for (from, name) in present.iter().enumerate() {
            let to = classes.iter().position(|class| class == name).expect("classes are all labels");
            weights.column_mut(to).assign(&decoder.weights.column(from));
            intercept[to] = decoder.intercept[from];
        }
        let lineage = features.lineage.clone().fitted_on(Exposure::new(Decode::NAME, &features.stimuli, train));
        let probabilities = decode::softmax(features.x.dot(&weights) + &intercept);
        let about =
            fit::About { kind: Decode::NAME.to_owned(), units: Some(classes.to_vec()), lineage: lineage.clone() };
        let arrays = [
            ("intercept".to_owned(), intercept.mapv(|v| v as f32).into_dyn()),
            ("weights".to_owned(), weights.mapv(|v| v as f32).into_dyn()),
        ];
        run.emit_round("fit", round.fold, Value::Fit(Fit { about, arrays: arrays.into() }))?;
        Ok((probabilities, lineage))
    }

    /// A class head's probabilities, in the order of the classes.
    fn by_head(features: &Features, classes: &[String]) -> Result<Array2<f64>, KindError> {
        let Some(columns) = &features.columns else {
            return Err(KindError::new("`probabilities` does not name its columns; a column is one class"));
        };
        let at = classes.iter().map(|class| {
            columns.iter().position(|column| column == class).ok_or_else(|| {
                KindError::new(format!(
                    "`probabilities` has {} classes but none named `{class}`; are objects and categories mixed up (`label`)?",
                    columns.len()
                ))
            })
        });
        let at = at.collect::<Result<Vec<_>, _>>()?;
        Ok(features.x.select(Axis(1), &at))
    }

    impl Scored<'_> {
        /// Decides for the most probable class of every scored row.
        fn decide(&self, decisions: &mut Decisions) -> Result<(), KindError> {
            let Self { rows, stimuli, truth, probabilities, train, port } = *self;
            let rows = rows.align(stimuli, "the scored rows", port)?;
            let mut counts = vec![0usize; probabilities.ncols()];
            for &row in train {
                counts[truth[row].expect("train rows have a class")] += 1;
            }
            let usual = (0..counts.len()).rev().max_by_key(|&class| counts[class]).unwrap_or(0);
            for row in rows {
                let name = &stimuli.get(row).name;
                let class = truth[row].ok_or_else(|| {
                    KindError::new(format!("`labels` has no stimulus `{name}`, which is to be scored"))
                })?;
                let odds = probabilities.row(row);
                let best = (0..odds.len()).rev().max_by(|&a, &b| odds[a].total_cmp(&odds[b])).unwrap_or(0);
                decisions.truth.push(class);
                decisions.predicted.push(best);
                decisions.by_chance += usize::from(usual == class);
                if counts[class] == 0 {
                    decisions.unseen.push(class);
                }
            }
            Ok(())
        }
    }

    fn emit(
        params: &Params,
        classes: &[String],
        decisions: &Decisions,
        port: &str,
        run: &mut Run<'_>,
    ) -> Result<(), KindError> {
        let rows = decisions.truth.len();
        let mut confusion: BTreeMap<(usize, usize), u32> = BTreeMap::new();
        for (&truth, &predicted) in decisions.truth.iter().zip(&decisions.predicted) {
            *confusion.entry((truth, predicted)).or_default() += 1;
        }
        let of_class = |class: usize| decisions.truth.iter().filter(|&&truth| truth == class).count();
        let right = |class: usize| confusion.get(&(class, class)).copied().unwrap_or(0);
        let scored: Vec<usize> = (0..classes.len()).filter(|&class| of_class(class) > 0).collect();
        let shares: Vec<f64> = scored.iter().map(|&c| f64::from(right(c)) / of_class(c) as f64).collect();
        let accuracy = f64::from(scored.iter().map(|&class| right(class)).sum::<u32>()) / rows as f64;
        let chance = decisions.by_chance as f64 / rows as f64;
        let interval = decode::wilson(accuracy, rows);
        let balanced = shares.iter().sum::<f64>() / shares.len() as f64;
        let exposures = &decisions.lineage.selected;
        let selected = params.on == On::Val && !exposures.is_empty();
        let facts = [
            (fact::SCORED_ON.to_owned(), json!(params.on)),
            (fact::ROWS_SCORED.to_owned(), json!(rows)),
            (fact::ROWS_FITTED.to_owned(), json!(decisions.fitted)),
            ("label".to_owned(), json!(params.label)),
            ("from".to_owned(), json!(port)),
            (fact::SELECTED.to_owned(), json!(selected)),
        ];
        let definitions = MEASURES.map(|measure| (measure.name.to_owned(), measure.definition.to_owned()));
        let about = About { definitions: definitions.into(), facts: facts.into(), lineage: decisions.lineage.clone() };
        let table = |columns: Vec<Column>| {
            let frame = DataFrame::new_infer_height(columns).map_err(|e| KindError::new(e.to_string()))?;
            Ok::<_, KindError>(Value::Table(Table { frame, about: about.clone() }))
        };
        run.emit(
            "summary",
            table(vec![
                Column::new("measure".into(), MEASURES.map(|measure| measure.name)),
                Column::new("value".into(), [accuracy, balanced, chance]),
                Column::new("low".into(), [Some(interval.0), None, None]),
                Column::new("high".into(), [Some(interval.1), None, None]),
                Column::new("rows".into(), [rows as u32; 3]),
                Column::new("classes".into(), [classes.len() as u32; 3]),
            ])?,
        )?;
        let named = |class: usize| classes[class].as_str();
        run.emit(
            "confusion",
            table(vec![
                Column::new("true".into(), confusion.keys().map(|&(truth, _)| named(truth)).collect::<Vec<_>>()),
                Column::new("predicted".into(), confusion.keys().map(|&(_, p)| named(p)).collect::<Vec<_>>()),
                Column::new("count".into(), confusion.values().copied().collect::<Vec<_>>()),
            ])?,
        )?;
        run.emit(
            "per_class",
            table(vec![
                Column::new("class".into(), scored.iter().map(|&class| named(class)).collect::<Vec<_>>()),
                Column::new("accuracy".into(), shares),
                Column::new("rows".into(), scored.iter().map(|&class| of_class(class) as u32).collect::<Vec<_>>()),
            ])?,
        )
    }
}
