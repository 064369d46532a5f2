//! The kind `standardize`: z-scores of features, by the train rows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::ahead::{self, Ahead, Known, Misfit};
use crate::kind::{Arity, Input, NodeKind, Output, ParamProblem, Threads};
use crate::nodes::parts::refuse_nameless;
use crate::value::fit::Form;
use crate::value::ty::Type;

/// Z-scores of features.
pub struct Standardize;

/// The parameters of `standardize`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Whether each column's train mean is taken away.
    #[serde(default = "yes")]
    #[schemars(extend("x-neutral" = true))]
    pub centre: bool,
    /// Whether each column is divided by its standard deviation over the train rows (n in the denominator).
    #[serde(default = "yes")]
    #[schemars(extend("x-neutral" = true))]
    pub scale: bool,
}

fn yes() -> bool {
    true
}

impl NodeKind for Standardize {
    const NAME: &'static str = "standardize";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "Z-scores of features, by the means and standard deviations of the train rows.\n\n\
        Before `concat`, it gives each side its say; before `ridge`, it makes one penalty mean the same for every column. A \
        column that does not vary over the train rows is centred and not divided. Under a folds split there is a fit per fold.";
    const EXAMPLE: &'static str = "\
scaled:
  kind: standardize
  in: { features: layers, split: split }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        Input { name: "features", types: &[Type::Matrix], arity: Arity::One, about: "Rows are stimuli." },
        Input { name: "split", types: &[Type::Split], arity: Arity::One, about: "Which rows may be fitted on." },
    ];
    const OUTPUTS: &'static [Output] = &[
        Output { name: "standardized", ty: Type::Matrix, keyed: None, role: None, about: "All rows, columns scaled." },
        Output {
            name: "fit",
            ty: Type::Fit,
            keyed: None,
            role: None,
            about: "`mean` (columns) and `scale` (columns): standardized = (features − mean) / scale.",
        },
    ];
    const FIT: Option<Form> = Some(Form::Scale);
    const THREADS: Threads = Threads::Team;

    fn check(params: &Params) -> Result<(), ParamProblem> {
        if params.centre || params.scale {
            Ok(())
        } else {
            Err(ParamProblem::at(
                "scale",
                "neither `centre` nor `scale` is asked for, so nothing would be done".to_owned(),
            ))
        }
    }

    fn foresee(_: &Params, ahead: &Ahead<'_>) -> Vec<ahead::Output> {
        let Some(features) = ahead.at("features") else { return Vec::new() };
        let (rows, columns) = (features.known.rows, features.known.columns);
        vec![ahead::Output::of("features", Known { rows, columns, ..Known::default() })]
    }

    fn fits(_: &Params, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        refuse_nameless("features", ahead)
    }
}

#[cfg(feature = "torch")]
mod compute {
    use crate::kind::{Compute, KindError, Run};
    use crate::math::linear::moments::column_moments;
    use crate::nodes::features::standardize::{Params, Standardize};
    use crate::nodes::rows::{check_finite, train_rows};
    use crate::value::Value;
    use crate::value::fit;
    use crate::value::fit::Fit;
    use crate::value::lineage::Exposure;
    use crate::value::matrix::About;

    impl Compute for Standardize {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let split = run.split("split")?;
            for round in split.rounds() {
                let features = run.matrix_of_fold("features", round.fold)?;
                let stimuli = features.stimuli("features")?.clone();
                let train = train_rows(&split, &round, &stimuli, "features")?;
                if train.len() < 2 {
                    return Err(KindError::new(format!("{} rows are train, and z-scores need 2 or more", train.len())));
                }
                check_finite(&features)?;
                let x = features.view();
                let (mut mean, variance) = column_moments(x, &train);
                // Below what 32-bit floats tell apart, a spread is rounding, and dividing by it would make noise a feature.
                let varies = |column: usize| variance[column].sqrt() > f64::from(f32::EPSILON) * mean[column].abs();
                let constant = (0..x.ncols()).filter(|&column| !varies(column)).count();
                let scale: Vec<f64> = (0..x.ncols())
                    .map(|column| if params.scale && varies(column) { variance[column].sqrt() } else { 1.0 })
                    .collect();
                if constant > 0 && params.scale {
                    let columns = x.ncols();
                    run.note(format!(
                        "{constant} of {columns} columns do not vary over the train rows; they are not divided"
                    ));
                }
                if !params.centre {
                    mean.fill(0.0);
                }
                let lineage =
                    features.about.lineage.clone().fitted_on(Exposure::new(Self::NAME_OF_FIT, &stimuli, &train));
                let about = About { lineage: lineage.clone(), ..features.about.clone() };
                let key = round.fold.map(|fold| fold.to_string());
                let mut sink = run.open_matrix("standardized", key.as_deref(), &about, x.nrows(), x.ncols())?;
                let mut scaled = vec![0.0; x.ncols()];
                for (row, values) in x.outer_iter().enumerate() {
                    for (column, value) in values.iter().enumerate() {
                        scaled[column] = ((f64::from(*value) - mean[column]) / scale[column]) as f32;
                    }
                    sink.write(&scaled)?;
                    if row % 64 == 0 {
                        run.progress(row as u64, x.nrows() as u64, "rows");
                    }
                }
                sink.finish()?;
                let narrow = |wide: &[f64]| ndarray::Array1::from_iter(wide.iter().map(|&v| v as f32)).into_dyn();
                let arrays = [("mean".to_owned(), narrow(&mean)), ("scale".to_owned(), narrow(&scale))];
                let about = fit::About { kind: Self::NAME_OF_FIT.to_owned(), units: None, lineage };
                run.emit_round("fit", round.fold, Value::Fit(Fit { about, arrays: arrays.into() }))?;
            }
            Ok(())
        }
    }

    impl Standardize {
        const NAME_OF_FIT: &'static str = <Self as crate::kind::NodeKind>::NAME;
    }
}

#[cfg(test)]
mod tests {
    use super::Standardize;
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::samples;
    use crate::nodes::testing::{folds, hold_out, inputs, matrix, stimuli};
    use ndarray::{Array2, array};
    use serde_json::json;

    impl Golden for Standardize {
        fn golden() -> Sample {
            let split = folds(&stimuli(samples::ROWS), 2);
            (inputs().value("features", &samples::x()).value("split", &split), json!({}))
        }
    }

    fn features() -> Array2<f32> {
        array![[1.0, 4.0, 10.0], [3.0, 4.0, 30.0], [1.0, 4.0, 10.0], [3.0, 4.0, 30.0], [9.0, 5.0, 90.0]]
    }

    #[test]
    fn train_rows_have_mean_0_and_deviation_1_and_others_are_scaled_alike() {
        let rows = stimuli(5);
        let made = inputs()
            .value("features", &matrix(&rows, features()))
            .value("split", &hold_out(&rows, "tttte"))
            .run::<Standardize>(json!({}))
            .unwrap();
        let out = made.matrix("standardized");
        // Means 2, 4, 20; deviations 1, none, 10.
        let expected = array![[-1.0, 0.0, -1.0], [1.0, 0.0, 1.0], [-1.0, 0.0, -1.0], [1.0, 0.0, 1.0], [7.0, 1.0, 7.0]];
        assert_eq!(out.view(), expected.view());
        assert_eq!(out.about.lineage.fitted[0].len(), 4);
        assert!(made.notes[0].contains("1 of 3 columns"), "{:?}", made.notes);
        let fit = made.fit("fit");
        assert_eq!(fit.arrays["mean"].iter().copied().collect::<Vec<_>>(), [2.0, 4.0, 20.0]);
        assert_eq!(fit.arrays["scale"].iter().copied().collect::<Vec<_>>(), [1.0, 1.0, 10.0]);
    }

    #[test]
    fn centring_and_scaling_can_be_had_alone() {
        let rows = stimuli(5);
        let run = |params| {
            let given = inputs().value("features", &matrix(&rows, features()));
            given.value("split", &hold_out(&rows, "tttte")).run::<Standardize>(params)
        };
        let centred = run(json!({ "scale": false })).unwrap();
        assert_eq!(centred.matrix("standardized").view()[[4, 2]], 70.0);
        let scaled = run(json!({ "centre": false })).unwrap();
        assert_eq!(scaled.matrix("standardized").view()[[4, 2]], 9.0);
        assert!(run(json!({ "centre": false, "scale": false })).err().unwrap().message.contains("neither"));
    }

    #[test]
    fn each_fold_is_scaled_by_its_own_train_rows() {
        let rows = stimuli(4);
        let x = array![[0.0], [10.0], [2.0], [30.0]];
        let made = inputs()
            .value("features", &matrix(&rows, x))
            .value("split", &folds(&rows, 2))
            .run::<Standardize>(json!({}))
            .unwrap();
        // Fold 0 leaves rows 0 and 2 out: mean 20, deviation 10.
        assert_eq!(made.matrix_of("standardized", "0").view(), array![[-2.0], [-1.0], [-1.8], [1.0]].view());
        assert_eq!(made.matrix_of("standardized", "1").view(), array![[-1.0], [9.0], [1.0], [29.0]].view());
    }

    #[test]
    fn what_is_no_number_is_named() {
        let rows = stimuli(3);
        let mut x = Array2::<f32>::ones((3, 2));
        x[[1, 1]] = f32::NAN;
        let error = inputs()
            .value("features", &matrix(&rows, x))
            .value("split", &hold_out(&rows, "tte"))
            .refusal::<Standardize>(json!({}));
        assert!(error.message.contains("NaN at stimulus `s1`, column 1"), "{error}");
    }
}
