//! The kind `concat`: several features side by side.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Arity, Input, NodeKind, Output};
use crate::value::ty::Type;

/// Features side by side.
pub struct Concat;

/// `concat` has no parameters.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {}

impl NodeKind for Concat {
    const NAME: &'static str = "concat";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "Several features side by side, joined by stimulus.\n\n\
        Rows are in the first one's order; each must have the same stimuli. Columns keep their scale, so the side with the \
        larger numbers weighs more in PCA and ridge: `standardize` first where that is not meant. Features that were fitted \
        per fold stay so. A column's name is kept where all have names, after the label of its side.";
    const EXAMPLE: &'static str = "\
both:
  kind: concat
  in: { features: { pixels: baseline, layer: \"layers[features.6]\" } }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[Input {
        name: "features",
        types: &[Type::Matrix],
        arity: Arity::Many,
        about: "Matrices whose rows are the same stimuli: a list, a map of labels, or every variant.",
    }];
    const OUTPUTS: &'static [Output] =
        &[Output { name: "features", ty: Type::Matrix, keyed: None, role: None, about: "Stimuli × all columns." }];
}

#[cfg(feature = "torch")]
mod compute {
    use crate::kind::{Compute, KindError, Run};
    use crate::nodes::features::concat::{Concat, Params};
    use crate::nodes::sides::{Side, rounds, sides};
    use crate::value::lineage::Lineage;
    use crate::value::matrix::{About, Matrix};

    impl Compute for Concat {
        fn run(_: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let sides = sides(run.arrivals("features"))?;
            for fold in rounds(&sides) {
                side_by_side(&sides, fold, run)?;
            }
            Ok(())
        }
    }

    fn side_by_side(sides: &[Side], fold: Option<usize>, run: &mut Run<'_>) -> Result<(), KindError> {
        let all: Vec<Matrix> =
            sides.iter().enumerate().map(|(at, side)| side.matrix(at, fold)).collect::<Result<_, _>>()?;
        let names: Vec<String> = sides.iter().enumerate().map(|(at, side)| side.called(at)).collect();
        let stimuli = all[0].stimuli(&names[0])?.clone();
        let mut rows = Vec::with_capacity(all.len());
        for (matrix, name) in all.iter().zip(&names) {
            let theirs = matrix.stimuli(name)?;
            let at = stimuli.align(theirs, &names[0], name)?;
            if theirs.len() != stimuli.len() {
                return Err(KindError::new(format!(
                    "{} has {} rows but {name} has {}; each needs the same stimuli",
                    names[0],
                    stimuli.len(),
                    theirs.len()
                )));
            }
            rows.push(at);
        }
        let columns: Option<Vec<String>> = all
            .iter()
            .zip(sides)
            .map(|(matrix, side)| {
                let names = matrix.about.columns.as_ref()?;
                let prefix = if side.name.is_empty() { String::new() } else { format!("{}.", side.name) };
                Some(names.iter().map(move |name| format!("{prefix}{name}")))
            })
            .collect::<Option<Vec<_>>>()
            .map(|named| named.into_iter().flatten().collect());
        let lineage = Lineage::merge(all.iter().map(|matrix| &matrix.about.lineage));
        let about = About { stimuli: Some(stimuli.clone()), columns, row_shape: Vec::new(), lineage };
        let width = all.iter().map(Matrix::columns).sum();
        let key = fold.map(|fold| fold.to_string());
        let mut sink = run.open_matrix("features", key.as_deref(), &about, stimuli.len(), width)?;
        for row in 0..stimuli.len() {
            for (matrix, at) in all.iter().zip(&rows) {
                let from = at[row] * matrix.columns();
                sink.write(&matrix.as_slice()[from..from + matrix.columns()])?;
            }
        }
        sink.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Concat;
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::samples;
    use crate::nodes::testing::{inputs, matrix, named, predictions, stimuli};
    use ndarray::{Array2, array};
    use serde_json::json;

    impl Golden for Concat {
        fn golden() -> Sample {
            (inputs().value("features", &samples::x()).value("features", &samples::predictions()), json!({}))
        }
    }

    #[test]
    fn rows_join_by_stimulus_and_columns_stand_in_order() {
        let (ab, ba) = (named(["a", "b"].map(str::to_owned)), named(["b", "a"].map(str::to_owned)));
        let made = inputs()
            .labelled("features", &[("label", json!("x"))], &matrix(&ab, array![[1.0, 2.0], [3.0, 4.0]]))
            .labelled("features", &[("label", json!("y"))], &matrix(&ba, array![[5.0], [6.0]]))
            .run::<Concat>(json!({}))
            .unwrap();
        let out = made.matrix("features");
        assert_eq!(out.view(), array![[1.0, 2.0, 6.0], [3.0, 4.0, 5.0]].view());
        assert_eq!(out.about.columns, None);
        assert_eq!(out.stimuli("features").unwrap(), &ab);
    }

    #[test]
    fn names_are_kept_after_their_side() {
        let rows = stimuli(1);
        let made = inputs()
            .labelled("features", &[("layer", json!("p"))], &predictions(&rows, array![[1.0, 2.0]]))
            .labelled("features", &[("layer", json!("q"))], &predictions(&rows, array![[3.0]]))
            .run::<Concat>(json!({}))
            .unwrap();
        assert_eq!(made.matrix("features").about.columns.as_deref().unwrap(), ["p.u0", "p.u1", "q.u0"]);
    }

    #[test]
    fn a_keyed_port_gives_all_its_matrices_and_folds_stay_folds() {
        let rows = stimuli(1);
        let keyed = inputs()
            .keyed("features", "conv1", &matrix(&rows, array![[1.0]]))
            .keyed("features", "layer1", &matrix(&rows, array![[2.0]]))
            .run::<Concat>(json!({}))
            .unwrap();
        assert_eq!(keyed.matrix("features").view(), array![[1.0, 2.0]].view());
        let folded = inputs()
            .keyed("features", "0", &matrix(&rows, array![[1.0]]))
            .keyed("features", "1", &matrix(&rows, array![[2.0]]))
            .value("features", &matrix(&rows, array![[9.0]]))
            .run::<Concat>(json!({}))
            .unwrap();
        assert_eq!(folded.keys("features"), ["0", "1"]);
        assert_eq!(folded.matrix_of("features", "1").view(), array![[2.0, 9.0]].view());
    }

    #[test]
    fn other_stimuli_are_refused_with_both_numbers() {
        let error = inputs()
            .value("features", &matrix(&stimuli(2), Array2::ones((2, 1))))
            .value("features", &matrix(&stimuli(3), Array2::ones((3, 1))))
            .refusal::<Concat>(json!({}));
        assert!(error.message.contains("features 1 has 2 rows but features 2 has 3"), "{error}");
        let error = inputs()
            .value("features", &matrix(&stimuli(3), Array2::ones((3, 1))))
            .value("features", &matrix(&stimuli(2), Array2::ones((2, 1))))
            .refusal::<Concat>(json!({}));
        assert!(error.message.contains("1 of 3 stimuli"), "{error}");
    }
}
