//! The kind `random_projection`: features in fewer dimensions, drawn and not fitted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::Positive;
use crate::kind::{Arity, Input, NodeKind, Output, ParamProblem, Threads};
use crate::value::ty::Type;

/// Random projection of features.
pub struct RandomProjection;

/// The parameters of `random_projection`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// How many dimensions are made. Absent: as many as keep squared distances between rows to a factor of 1 ± `eps` by the
    /// lemma of Johnson and Lindenstrauss, 4 ln(rows) / (eps²/2 − eps³/3): 6737 for 2592 rows.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub components: Option<Positive>,
    /// How far squared distances may be off where `components` is absent; above 0 and below 1.
    #[serde(default = "tenth")]
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1, "x-neutral" = 0.1))]
    pub eps: f64,
    /// `sparse` draws ±1 for one column in √columns and 0 for the others, up to a factor; `gaussian` draws normal numbers
    /// for all, which takes √columns times as long and is hardly better.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "sparse"))]
    pub method: Method,
    /// What the projection is drawn from: equal for all rows, so that several sets of stimuli fit each other.
    #[serde(default)]
    pub seed: u64,
}

fn tenth() -> f64 {
    0.1
}

/// How the projection is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Method {
    #[default]
    Sparse,
    Gaussian,
}

impl NodeKind for RandomProjection {
    const NAME: &'static str = "random_projection";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "Features in fewer dimensions, by a random matrix.\n\n\
        Nothing is fitted, so no row leaves a trace in another. The matrix is linfa-reduction's, sparse or normal, scaled so \
        that distances between rows are kept on average; how well depends on the number of rows, not of columns. Before \
        `ridge` it is the cheap alternative to `pca`, which keeps what varies most.";
    const EXAMPLE: &'static str = "\
projected:
  kind: random_projection
  in: { features: layers }
  with: { components: 5000 }
";
    type Params = Params;
    const INPUTS: &'static [Input] =
        &[Input { name: "features", types: &[Type::Matrix], arity: Arity::One, about: "As many columns as you like." }];
    const OUTPUTS: &'static [Output] = &[Output {
        name: "projected",
        ty: Type::Matrix,
        keyed: None,
        role: None,
        about: "All rows in the new dimensions, rows × components.",
    }];
    const THREADS: Threads = Threads::Team;

    fn check(params: &Params) -> Result<(), ParamProblem> {
        if params.eps > 0.0 && params.eps < 1.0 {
            return Ok(());
        }
        Err(ParamProblem::at("eps", format!("{} is out of range; it lies above 0 and below 1", params.eps)))
    }
}

#[cfg(feature = "torch")]
mod compute {
    use crate::kind::{Compute, KindError, Run};
    use crate::math::linear::projection;
    use crate::math::linear::projection::{needed, project, safe_dimension};
    use crate::nodes::features::random_projection::{Method, Params, RandomProjection};
    use crate::nodes::rows::check_finite;
    use crate::value::matrix::{About, Matrix};

    impl Compute for RandomProjection {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let arrivals = run.arrivals("features").to_vec();
            for arrival in arrivals {
                let fold = arrival.key.as_ref().and_then(|key| key.parse().ok());
                if arrival.key.is_some() && fold.is_none() {
                    // Several entries of a keyed port: the error says to name one.
                    run.matrix("features")?;
                }
                let features = run.matrix_of_fold("features", fold)?;
                let projected = projected(&params, &features, run)?;
                let about = About { columns: None, row_shape: Vec::new(), ..features.about.clone() };
                let (rows, columns) = projected.dim();
                let mut sink = run.open_matrix("projected", arrival.key.as_deref(), &about, rows, columns)?;
                sink.write(projected.as_slice().expect("row-major"))?;
                sink.finish()?;
            }
            Ok(())
        }
    }

    fn projected(params: &Params, features: &Matrix, run: &mut Run<'_>) -> Result<ndarray::Array2<f32>, KindError> {
        let (rows, columns) = (features.rows(), features.columns());
        let d = params.components.map_or_else(|| safe_dimension(rows, params.eps).max(1), |given| given.get());
        if d > columns {
            let whence = if params.components.is_some() {
                format!("`components` is {d}")
            } else {
                format!("{rows} rows at `eps` {} ask for {d} dimensions", params.eps)
            };
            return Err(KindError::new(format!(
                "{whence}, but `features` has {columns} columns; a projection has no more dimensions than it is given \
                 (name fewer as `components`, or leave these features as they are)"
            )));
        }
        check_finite(features)?;
        let method = match params.method {
            Method::Sparse => projection::Method::Sparse,
            Method::Gaussian => projection::Method::Gaussian,
        };
        let bytes = needed(rows, columns, d, method, rayon::current_num_threads());
        run.reserve(bytes, "fewer `components` need less")?;
        let mut progress = |done, total| run.progress(done, total, "parts");
        Ok(project(features.view(), d, method, params.seed, &mut progress))
    }
}

#[cfg(test)]
mod tests {
    use super::RandomProjection;
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::samples;
    use crate::nodes::testing::{inputs, matrix, stimuli};
    use ndarray::Array2;
    use serde_json::json;

    impl Golden for RandomProjection {
        fn golden() -> Sample {
            (inputs().value("features", &samples::x()), json!({ "components": 4, "seed": 2 }))
        }
    }

    #[test]
    fn rows_stay_who_they_are_in_fewer_dimensions() {
        let x = Array2::from_shape_fn((6, 300), |(i, j)| ((i * 31 + j * 17) % 23) as f32);
        let made = inputs()
            .value("features", &matrix(&stimuli(6), x))
            .run::<RandomProjection>(json!({ "components": 40, "seed": 3 }))
            .unwrap();
        let projected = made.matrix("projected");
        assert_eq!((projected.rows(), projected.columns()), (6, 40));
        assert_eq!(projected.stimuli("projected").unwrap(), &stimuli(6));
    }

    #[test]
    fn more_dimensions_than_columns_are_refused_in_words() {
        let refusal = |params| {
            let x = Array2::from_elem((6, 30), 1.0);
            inputs().value("features", &matrix(&stimuli(6), x)).refusal::<RandomProjection>(params).message
        };
        assert!(refusal(json!({ "components": 31 })).starts_with("`components` is 31, but `features` has 30 columns"));
        assert!(refusal(json!({})).starts_with("6 rows at `eps` 0.1 ask for 1535 dimensions, but `features` has 30"));
        assert_eq!(refusal(json!({ "eps": 1.5 })), "1.5 is out of range; it lies above 0 and below 1");
    }
}
