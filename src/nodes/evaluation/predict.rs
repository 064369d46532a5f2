//! The kind `predict`: a fit or a network applied to other rows, such as the test stimuli.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::ahead::{Ahead, Misfit};
use crate::kind::{Arity, Input, NodeKind, Output, Role, Threads};
use crate::nodes::parts::{Asked, Takes, refuse_absent, refuse_unconnected};
use crate::value::ty::Type;

/// Predictions for other rows.
pub struct Predict;

/// The parameters of `predict`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Which rows are predicted: `all` that arrive, or those of a part of `split`.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "all"))]
    pub rows: Rows,
    /// Which head of a network speaks: `responses`, or `classes` with their probabilities. Absent: the one it has, and of two
    /// that of responses.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub head: Option<Head>,
}

/// A head of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Head {
    Responses,
    Classes,
}

/// Rows to predict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Rows {
    #[default]
    All,
    Train,
    Val,
    Test,
}

impl NodeKind for Predict {
    const NAME: &'static str = "predict";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "A fit or a network applied to other rows, such as the test stimuli.\n\n\
        A fit of `linear`, `ridge`, `pls`, `banded_ridge` (its bands by `concat`), `pca`, `standardize` or `decode` takes `features` with \
        the columns that it was made on; a network takes `images`. `ventral export RECIPE NODE.predictions FILE.csv` writes the predictions with their \
        stimulus IDs, a row per stimulus.";
    const EXAMPLE: &'static str = "\
handed_in:
  kind: predict
  in: { model: readout.fit, features: pcs, split: it.split }
  with: { rows: test }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        Input {
            name: "model",
            types: &[Type::Fit, Type::Network],
            arity: Arity::Optional,
            about: "What predicts; or `predictions`.",
        },
        Input {
            name: "predictions",
            types: &[Type::Matrix],
            arity: Arity::Optional,
            about: "Predictions that exist already, of which only rows are taken; or `model`.",
        },
        Input {
            name: "features",
            types: &[Type::Matrix],
            arity: Arity::Optional,
            about: "What a fit reads, made as those it was fitted on.",
        },
        Input { name: "images", types: &[Type::Images], arity: Arity::Optional, about: "What a network sees." },
        Input {
            name: "split",
            types: &[Type::Split],
            arity: Arity::Optional,
            about: "Which rows are which; for `rows` other than `all`.",
        },
    ];
    const OUTPUTS: &'static [Output] = &[Output {
        name: "predictions",
        ty: Type::Matrix,
        keyed: None,
        role: Some(Role::Predictions),
        about: "Rows × units; of a decoder rows × classes, of `pca` rows × components, of `standardize` rows × columns.",
    }];
    const THREADS: Threads = Threads::Team;

    fn fits(params: &Params, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        let asked = match params.rows {
            Rows::All => return Ok(()),
            Rows::Train => Asked::Train,
            Rows::Val => Asked::Val,
            Rows::Test => Asked::Test,
        };
        refuse_unconnected("rows", asked, "predict `rows: all`", ahead)?;
        refuse_absent("rows", asked, Takes::HoldOuts, ahead)
    }
}

#[cfg(feature = "torch")]
mod compute {
    use ndarray::{Array2, Axis};

    use crate::kind::{Compute, KindError, Run};
    use crate::math::linear::affine;
    use crate::math::tensor::place;
    use crate::nodes::evaluation::predict::{Head, Params, Predict, Rows};
    use crate::nodes::rows::check_finite;
    use crate::nodes::training::fit::trained;
    use crate::value::Value;
    use crate::value::fit::Fit;
    use crate::value::lineage::Lineage;
    use crate::value::matrix::{About, Matrix};
    use crate::value::network::Network;
    use crate::value::split::Part;
    use crate::value::stimuli::Stimuli;

    impl Compute for Predict {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let models = run.arrivals("model").to_vec();
            match (models.is_empty(), run.has("predictions")) {
                (true, true) => return of_rows(&params, run),
                (true, false) => {
                    return Err(KindError::new("nothing arrives at `model` or `predictions`; connect one of them"));
                }
                (false, true) => {
                    return Err(KindError::new(
                        "both `model` and `predictions` are connected; rows are predicted or taken",
                    ));
                }
                (false, false) => {}
            }
            for arrival in models {
                let fold = arrival.key.as_ref().and_then(|key| key.parse().ok());
                match Value::read(arrival.ty, &arrival.path)? {
                    Value::Fit(fit) => by_fit(&params, &fit, fold, run)?,
                    Value::Network(network) => by_network(&params, &network, fold, run)?,
                    other => {
                        return Err(KindError::new(format!("`model` takes a fit or a network, not {}", other.ty())));
                    }
                }
            }
            Ok(())
        }
    }

    fn by_fit(params: &Params, fit: &Fit, fold: Option<usize>, run: &mut Run<'_>) -> Result<(), KindError> {
        let kind = &fit.about.kind;
        if !run.has("features") {
            let extra = if run.has("images") { ", not `images`" } else { "" };
            return Err(KindError::new(format!("a fit of `{kind}` reads `features`{extra}; connect them")));
        }
        let features = run.matrix_of_fold("features", if run.arrivals("features").len() > 1 { fold } else { None })?;
        let stimuli = features.stimuli("features")?.clone();
        check_finite(&features)?;
        let rows = rows(params.rows, &stimuli, run)?;
        let form = run.declared.get(kind.as_str()).and_then(|declared| declared.fit);
        let form = form.ok_or_else(|| format!("a fit of `{kind}` predicts nothing from features"))?;
        let map = affine::of(kind, form, &fit.arrays)?;
        if map.inputs() != features.columns() {
            return Err(KindError::new(format!(
                "`features` has {} columns, but the fit of `{kind}` was made on {}; give it features made as those were",
                features.columns(),
                map.inputs()
            )));
        }
        let predicted = map.apply(features.raw(), &rows, place(run.device));
        emit(
            predicted,
            &stimuli.select(&rows),
            fit.about.units.clone(),
            [&features.about.lineage, &fit.about.lineage],
            fold,
            run,
        )
    }

    /// Rows of predictions as they are.
    fn of_rows(params: &Params, run: &mut Run<'_>) -> Result<(), KindError> {
        for arrival in run.arrivals("predictions").to_vec() {
            let fold = arrival.key.as_ref().and_then(|key| key.parse().ok());
            let made = run.matrix_of_fold("predictions", fold)?;
            let stimuli = made.stimuli("predictions")?.clone();
            let rows = rows(params.rows, &stimuli, run)?;
            let (taken, columns) = (made.view().select(Axis(0), &rows), made.about.columns.clone());
            let lineages = [&Lineage::default(), &made.about.lineage];
            emit(taken, &stimuli.select(&rows), columns, lineages, fold, run)?;
        }
        Ok(())
    }

    fn by_network(params: &Params, network: &Network, fold: Option<usize>, run: &mut Run<'_>) -> Result<(), KindError> {
        if !run.has("images") {
            let extra = if run.has("features") { ", not `features`" } else { "" };
            return Err(KindError::new(format!("a network sees `images`{extra}; connect them")));
        }
        let images = run.images("images")?;
        let rows = rows(params.rows, &images.about.stimuli, run)?;
        let outputs = trained::predict(network, &images, &run.sources, place(run.device), run.batch)?;
        let of_training = network.about.trained.as_ref().expect("`predict` has read it");
        let (predicted, columns) = match (params.head, outputs.responses, outputs.probabilities) {
            (None | Some(Head::Responses), Some(responses), _) => (responses, &of_training.units),
            (None | Some(Head::Classes), _, Some(probabilities)) => (probabilities, &of_training.classes),
            (head, _, _) => {
                let asked = if head == Some(Head::Classes) { "classes" } else { "responses" };
                return Err(KindError::new(format!("the network has no head for {asked}; it was not trained on them")));
            }
        };
        let predicted = predicted.select(Axis(0), &rows);
        let lineages = [&Lineage::default(), &network.about.lineage];
        emit(predicted, &images.about.stimuli.select(&rows), Some(columns.clone()), lineages, fold, run)
    }

    fn emit(
        predicted: Array2<f32>,
        stimuli: &Stimuli,
        columns: Option<Vec<String>>,
        lineages: [&Lineage; 2],
        fold: Option<usize>,
        run: &mut Run<'_>,
    ) -> Result<(), KindError> {
        let about =
            About { stimuli: Some(stimuli.clone()), columns, row_shape: Vec::new(), lineage: Lineage::merge(lineages) };
        run.emit_round("predictions", fold, Value::Matrix(Matrix::new(predicted, about)))
    }

    /// The rows asked for, as they arrive.
    fn rows(rows: Rows, stimuli: &Stimuli, run: &Run<'_>) -> Result<Vec<usize>, KindError> {
        let part = match rows {
            Rows::All => return Ok((0..stimuli.len()).collect()),
            Rows::Train => Part::Train,
            Rows::Val => Part::Val,
            Rows::Test => Part::Test,
        };
        if !run.has("split") {
            return Err(KindError::new(format!(
                "`rows: {}` needs `split`, which says which rows those are",
                part.name()
            )));
        }
        let split = run.split("split")?;
        let wanted = split.rows(part);
        if wanted.is_empty() {
            return Err(KindError::new(format!("`split` has no {} rows", part.name())));
        }
        let mut rows = split.stimuli.select(&wanted).align(stimuli, part.name(), "what arrives")?;
        rows.sort_unstable();
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::Predict;
    use crate::kind::Compute;
    use crate::nodes::features::standardize::Standardize;
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::regression::linear::Linear;
    use crate::nodes::regression::pca::Pca;
    use crate::nodes::regression::ridge::Ridge;
    use crate::nodes::samples;
    use crate::nodes::testing::{Outputs, hold_out, inputs, matrix, responses, stimuli};
    use crate::nodes::training::train_cnn::TrainCnn;
    use crate::value::Value;
    use crate::value::images::Images;
    use ndarray::{Array2, Axis};
    use serde_json::json;

    impl Golden for Predict {
        fn golden() -> Sample {
            let fit = samples::readout().run::<Linear>(json!({})).unwrap().value("fit");
            (inputs().value("features", &samples::x()).value("model", &fit), json!({}))
        }
    }

    fn features(rows: usize) -> Array2<f32> {
        Array2::from_shape_fn((rows, 20), |(i, j)| ((i * 7 + j * 13 + i * j * 3) as f32 * 0.37).sin() + 2.0)
    }

    fn fitted<K: Compute>(params: serde_json::Value) -> Outputs {
        let rows = stimuli(12);
        let x = features(12);
        let y = Array2::from_shape_fn((12, 2), |(i, unit)| x[[i, unit]] + 0.3 * x[[i, 5]]);
        let mut job = inputs().value("features", &matrix(&rows, x)).value("split", &hold_out(&rows, "tttttttttvee"));
        if K::INPUTS.iter().any(|input| input.name == "responses") {
            job = job.value("responses", &responses(&rows, y));
        }
        job.run::<K>(params).unwrap()
    }

    /// A fit applied again gives what the node itself gave.
    fn agrees<K: Compute>(params: serde_json::Value, port: &str) {
        let made = fitted::<K>(params);
        let again = inputs()
            .value("features", &matrix(&stimuli(12), features(12)))
            .value("model", &made.value("fit"))
            .run::<Predict>(json!({}))
            .unwrap();
        let (a, b) = (made.matrix(port), again.matrix("predictions"));
        assert_eq!(a.about, b.about, "{}", K::NAME);
        assert!((&a.view() - &b.view()).iter().all(|difference| difference.abs() < 2e-5), "{}", K::NAME);
    }

    #[test]
    fn a_fit_predicts_other_rows_as_its_own_node_did() {
        agrees::<Linear>(json!({}), "predictions");
        agrees::<Ridge>(json!({}), "predictions");
        agrees::<Pca>(json!({ "components": 3 }), "scores");
        agrees::<Standardize>(json!({}), "standardized");
    }

    #[test]
    fn a_network_predicts_as_its_training_did() {
        let rows = stimuli(20);
        let pixels = (0..20 * 16 * 16 * 3).map(|at: usize| ((at * at) / 89 % 256) as u8).collect();
        let images = Value::Images(Images::rendered(rows.clone(), (16, 16), pixels));
        let y = Array2::from_shape_fn((20, 2), |(i, unit)| ((i * 5 + unit * 3) as f32).sin());
        let split = hold_out(&rows, "ttttttttttttttttvvee");
        let training =
            inputs().value("images", &images).value("responses", &responses(&rows, y)).value("split", &split);
        let blocks = json!({ "blocks": [{ "channels": 4, "pool": 2, "dropout": 0.5 }] });
        let params = json!({ "architecture": blocks, "epochs": 2, "batch": 4, "seed": 1, "early_stopping": null });
        let made = training.run::<TrainCnn>(params).unwrap();
        let job = || inputs().value("images", &images).value("model", &made.value("network")).value("split", &split);
        let again = job().run::<Predict>(json!({})).unwrap();
        let (a, b) = (made.matrix("predictions"), again.matrix("predictions"));
        assert_eq!(a.about, b.about);
        assert!((&a.view() - &b.view()).iter().all(|difference| difference.abs() < 1e-5));
        let test = job().run::<Predict>(json!({ "rows": "test" })).unwrap().matrix("predictions");
        assert_eq!(test.view(), b.view().select(Axis(0), &[18, 19]));
        let error = job().refusal::<Predict>(json!({ "head": "classes" }));
        assert_eq!(error.message, "the network has no head for classes; it was not trained on them");
    }

    #[test]
    fn only_the_rows_asked_for_are_predicted() {
        let made = fitted::<Ridge>(json!({}));
        let rows = stimuli(12);
        let of = |params| {
            inputs()
                .value("features", &matrix(&rows, features(12)))
                .value("model", &made.value("fit"))
                .value("split", &hold_out(&rows, "tttttttttvee"))
                .run::<Predict>(params)
                .unwrap()
                .matrix("predictions")
        };
        let (all, test) = (of(json!({})), of(json!({ "rows": "test" })));
        assert_eq!(test.stimuli("test").unwrap(), &rows.select(&[10, 11]));
        assert_eq!(test.view(), all.view().select(Axis(0), &[10, 11]));
        assert_eq!(test.about.columns, Some(vec!["u0".to_owned(), "u1".to_owned()]));
        let taken = inputs()
            .value("predictions", &Value::Matrix(all))
            .value("split", &hold_out(&rows, "tttttttttvee"))
            .run::<Predict>(json!({ "rows": "test" }))
            .unwrap()
            .matrix("predictions");
        assert_eq!((taken.view(), &taken.about), (test.view(), &test.about));
    }

    #[test]
    fn what_does_not_fit_is_refused_in_words() {
        let made = fitted::<Ridge>(json!({}));
        let narrow = features(12).select(Axis(1), &[0, 1, 2]);
        let job = inputs().value("features", &matrix(&stimuli(12), narrow)).value("model", &made.value("fit"));
        assert!(
            job.refusal::<Predict>(json!({}))
                .message
                .starts_with("`features` has 3 columns, but the fit of `ridge` was made on 20")
        );
        let bare = inputs().value("model", &made.value("fit"));
        assert_eq!(bare.refusal::<Predict>(json!({})).message, "a fit of `ridge` reads `features`; connect them");
        let none = inputs().value("features", &matrix(&stimuli(12), features(12)));
        assert!(none.refusal::<Predict>(json!({})).message.starts_with("nothing arrives at `model` or `predictions`"));
        let job = inputs().value("features", &matrix(&stimuli(12), features(12))).value("model", &made.value("fit"));
        assert!(job.refusal::<Predict>(json!({ "rows": "test" })).message.contains("needs `split`"));
    }
}
