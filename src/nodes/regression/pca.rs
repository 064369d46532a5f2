//! The kind `pca`: exact principal components, fitted on train.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::Positive;
use crate::kind::ahead::{self, Ahead, Known, Misfit};
use crate::kind::measure::Part;
use crate::kind::{Arity, Input, Measure, NodeKind, Output, Product, Role, Threads};
use crate::nodes::measures::of_spectrum;
use crate::nodes::parts::{refuse_components, refuse_nameless};
use crate::nodes::regression::ports::stand_ins;
use crate::value::fit::Form;
use crate::value::ty::Type;

/// Principal components of features.
pub struct Pca;

/// The parameters of `pca`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// How many components are kept: at most the rank of the centred train rows, which is below their number.
    #[schemars(extend("x-also" = ["n_components", "k", "dimensions"]))]
    pub components: Positive,
    /// How they are found. `auto` decomposes the smaller of the Gram matrix of the rows and the covariance of the columns,
    /// which is exact, and falls back on random projection where both exceed 16384 rows. `linfa` is linfa-reduction's, to
    /// compare with: it iterates, and wants some five rows and columns per component.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "auto"))]
    pub solver: Solver,
}

/// How components are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Solver {
    #[default]
    Auto,
    Gram,
    Covariance,
    Randomized,
    Linfa,
}

/// The columns of the spectrum that measure something.
const MEASURES: [Measure; 3] = [
    Measure {
        name: "variance",
        definition: "variance of the train rows along the component, n − 1 in the denominator",
        ..Measure::PLAIN
    },
    of_spectrum(
        "explained",
        "explained variance of the features",
        "share of the variance of all features over the train rows",
        Part::Share,
    ),
    of_spectrum(
        "cumulative",
        "cumulative explained variance of the features",
        "share of this component and those before it",
        Part::Cumulative,
    ),
];

impl NodeKind for Pca {
    const NAME: &'static str = "pca";
    const VERSION: u32 = 2;
    const ABOUT: &'static str = "Exact principal components, fitted on train.\n\n\
        Features are centred by the means of the train rows, not scaled; every row is scored, train or not. Of each \
        component's train scores the one of largest absolute value is positive. Under a folds split there is a fit per fold.\n\n\
        Of features with more columns than rows, the products of rows (their Gram matrix) and the decomposition of these are \
        kept in the cache: other numbers of components, and ridge regressions on the same features, start from there, also \
        where the features themselves were dropped (`keep: false`).";
    const EXAMPLE: &'static str = "\
pcs:
  kind: pca
  in: { features: layers, split: split }
  with: { components: 500 }
";
    type Params = Params;
    const INPUTS: &'static [Input] = &[
        Input {
            name: "features",
            types: &[Type::Matrix],
            arity: Arity::One,
            about: "Rows are stimuli; as many columns as you like.",
        },
        Input { name: "split", types: &[Type::Split], arity: Arity::One, about: "Which rows may be fitted on." },
    ];
    const MEASURES: &'static [Measure] = &MEASURES;
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "scores",
            ty: Type::Matrix,
            keyed: None,
            role: None,
            about: "All rows along the components, rows × k.",
        },
        Output {
            name: "components",
            ty: Type::Matrix,
            keyed: None,
            role: None,
            about: "Unit vectors in feature space, k × columns.",
        },
        Output {
            name: "spectrum",
            ty: Type::Table,
            keyed: None,
            role: Some(Role::Spectrum),
            about: "The variance along each component kept, and its share of all.",
        },
        Output {
            name: "fit",
            ty: Type::Fit,
            keyed: None,
            role: None,
            about: "`mean` (columns) and `components` (k × columns).",
        },
    ];
    const LAZY: &'static [&'static str] = &["components", "fit"];
    const FIT: Option<Form> = Some(Form::Components);
    const THREADS: Threads = Threads::Team;

    fn stand_ins(params: &Params, wanted: &BTreeSet<String>) -> Vec<(&'static str, Product)> {
        match params.solver {
            Solver::Auto | Solver::Gram => stand_ins(wanted, Self::LAZY),
            Solver::Covariance | Solver::Randomized | Solver::Linfa => Vec::new(),
        }
    }

    fn foresee(params: &Params, ahead: &Ahead<'_>) -> Vec<ahead::Output> {
        let rows = ahead.at("features").and_then(|arriving| arriving.known.rows);
        let scores = Known { rows, columns: Some(params.components.get()), ..Known::default() };
        vec![ahead::Output::of("scores", scores)]
    }

    fn fits(params: &Params, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        refuse_nameless("features", ahead)?;
        match params.solver {
            Solver::Auto | Solver::Gram | Solver::Covariance => {
                refuse_components(params.components.get(), "components", ahead)
            }
            // What these say of a rank is theirs.
            Solver::Randomized | Solver::Linfa => Ok(()),
        }
    }
}

#[cfg(feature = "torch")]
mod compute {
    use polars::prelude::{Column, DataFrame};
    use serde_json::json;

    use crate::kind::fact;
    use crate::kind::{Compute, KindError, Run};
    use crate::math::linear::gram;
    use crate::math::linear::gram::Precision;
    use crate::math::linear::pca;
    use crate::math::linear::pca::{Principal, Refusal};
    use crate::math::tensor::{place, rows, to_array};
    use crate::nodes::regression::pca::{MEASURES, Params, Pca, Solver};
    use crate::nodes::regression::products::{Dual, Features, MOST_EXACT};
    use crate::nodes::rows::{check_finite, train_rows};
    use crate::value::Value;
    use crate::value::fit;
    use crate::value::lineage::{Exposure, Lineage};
    use crate::value::matrix;
    use crate::value::matrix::Matrix;
    use crate::value::split::{Round, Split};
    use crate::value::table::Table;

    /// Bytes of components that are made at a time.
    const COMPONENT_BYTES: usize = 512 << 20;

    impl Compute for Pca {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let split = run.split("split")?;
            for round in &split.rounds() {
                let features = Features::at("features", round.fold, run)?;
                let train = rows_to_fit(&split, round, &features)?;
                let solver = resolve(params.solver, features.rows, features.columns);
                let principal = decompose(params.components.get(), solver, &features, &train, run)?;
                emit(params.components.get(), solver, &features, &train, round.fold, &principal, run)?;
            }
            Ok(())
        }
    }

    fn rows_to_fit(split: &Split, round: &Round, features: &Features) -> Result<Vec<usize>, KindError> {
        let train = train_rows(split, round, &features.stimuli, "features")?;
        match (train.len(), features.columns) {
            (count @ (0 | 1), _) => {
                Err(KindError::new(format!("{count} rows are train, and principal components need 2 or more")))
            }
            (_, 0) => Err(KindError::new("`features` has 0 columns, and principal components need 1 or more")),
            _ => Ok(train),
        }
    }

    fn resolve(solver: Solver, rows: usize, columns: usize) -> Solver {
        match solver {
            Solver::Auto if rows.min(columns) > MOST_EXACT => Solver::Randomized,
            Solver::Auto if rows <= columns => Solver::Gram,
            Solver::Auto => Solver::Covariance,
            asked => asked,
        }
    }

    fn decompose(
        k: usize,
        solver: Solver,
        features: &Features,
        train: &[usize],
        run: &mut Run<'_>,
    ) -> Result<Principal, KindError> {
        let device = place(run.device);
        if solver != Solver::Gram {
            check_finite(features.matrix())?;
            run.reserve(
                needed(solver, features.rows, features.columns, k),
                "a layer deeper in the network, `pool`, or `random_projection` before it has fewer columns",
            )?;
        }
        let result = match solver {
            Solver::Auto => unreachable!("resolved by size"),
            Solver::Gram => {
                let of = |dual: &Dual, run: &mut Run<'_>| {
                    let eigen = dual.eigen(&rows(&dual.to_train, train), train, run)?;
                    Ok::<_, KindError>(pca::from_gram(&dual.to_train, &eigen, dual.noise, train, k))
                };
                let dual = features.dual(train, false, 0, run)?;
                match of(&dual, run)? {
                    // In 64 bits, weaker components can be told from rounding.
                    Err(Refusal::Rank(_)) if dual.precision == Precision::Single && k < train.len() => {
                        drop(dual);
                        of(&features.dual(train, true, 0, run)?, run)?
                    }
                    result => result,
                }
            }
            Solver::Covariance => pca::from_covariance(features.view(), train, k, device),
            Solver::Randomized => {
                run.note(format!("components by random projection: {} × {} features", features.rows, features.columns));
                let mut progress = |done, total| run.progress(done, total, "columns");
                pca::randomized(features.raw(), train, k, device, &mut progress)
            }
            Solver::Linfa => pca::linfa(features.view(), train, k, device),
        };
        result.map_err(|refusal| refused(refusal, k, train.len(), features.columns))
    }

    /// Bytes of memory that a solver needs beside the mapped features.
    fn needed(solver: Solver, rows: usize, columns: usize, k: usize) -> u64 {
        let (rows, columns, k) = (rows as u64, columns as u64, k as u64);
        8 * match solver {
            Solver::Auto | Solver::Gram => 0,
            // Scatter, its decomposition and libtorch's workspace; a block of rows twice; scores.
            Solver::Covariance => 6 * columns * columns + 2 * rows.min(4096) * columns + 2 * rows * k,
            Solver::Randomized => 8 * rows * (k + 10) + (16 << 20),
            // A dense copy, centred, and what the iteration keeps of it.
            Solver::Linfa => 4 * rows * columns,
        }
    }

    fn refused(refusal: Refusal, k: usize, train: usize, columns: usize) -> KindError {
        KindError::new(match refusal {
            Refusal::Constant => {
                format!("all {train} train rows of `features` are the same; principal components need variance")
            }
            Refusal::Rank(rank) => format!(
                "`components` is {k}, but {train} centred train rows of {columns} columns have rank {rank}; at most the \
                 rank can be kept"
            ),
            Refusal::Failed => format!(
                "linfa's iteration did not converge to {k} components of {train} × {columns}; it wants some five rows and \
                 columns per component, which `solver: auto` does not"
            ),
        })
    }

    fn emit(
        k: usize,
        solver: Solver,
        features: &Features,
        train: &[usize],
        fold: Option<usize>,
        principal: &Principal,
        run: &mut Run<'_>,
    ) -> Result<(), KindError> {
        let stimuli = &features.stimuli;
        let lineage = features.lineage.clone().fitted_on(Exposure::new("pca", stimuli, train));
        let about =
            matrix::About { stimuli: Some(stimuli.clone()), lineage: lineage.clone(), ..matrix::About::default() };
        run.emit_round("scores", fold, Value::Matrix(Matrix::new(to_array(&principal.scores), about)))?;
        let spectrum = spectrum(principal, solver, features.columns, train.len(), &lineage);
        run.emit_round("spectrum", fold, Value::Table(spectrum))?;
        let (columns, key) = (features.columns, fold.map(|fold| fold.to_string()));
        if run.wants("components") {
            let about = matrix::About { lineage: lineage.clone(), ..matrix::About::default() };
            let mut sink = run.open_matrix("components", key.as_deref(), &about, k, columns)?;
            stream(features, train, principal, k, run, &mut |rows| sink.write(rows))?;
            sink.finish()?;
        }
        if run.wants("fit") {
            let about = fit::About { kind: "pca".to_owned(), units: None, lineage };
            let arrays = [("components", vec![k, columns]), ("mean", vec![columns])];
            let mut sink = run.open_fit("fit", key.as_deref(), &about, &arrays)?;
            stream(features, train, principal, k, run, &mut |rows| sink.write(rows))?;
            sink.write(&gram::mean(features.raw(), train))?;
            sink.finish()?;
        }
        Ok(())
    }

    /// Makes components in groups that fit memory, and hands them on in order.
    fn stream(
        features: &Features,
        train: &[usize],
        principal: &Principal,
        k: usize,
        run: &mut Run<'_>,
        take: &mut dyn FnMut(&[f32]) -> Result<(), KindError>,
    ) -> Result<(), KindError> {
        let group = (COMPONENT_BYTES / (4 * features.columns)).clamp(1, k);
        for first in (0..k).step_by(group) {
            let count = group.min(k - first);
            let device = place(run.device);
            take(&pca::components(features.raw(), train, &principal.loadings, first, count, device))?;
            run.progress((first + count) as u64, k as u64, "components");
        }
        Ok(())
    }

    fn spectrum(principal: &Principal, solver: Solver, columns: usize, fitted: usize, lineage: &Lineage) -> Table {
        let explained: Vec<f64> = principal.variances.iter().map(|variance| variance / principal.total).collect();
        let cumulative: Vec<f64> = explained
            .iter()
            .scan(0.0, |sum, share| {
                *sum += share;
                Some(*sum)
            })
            .collect();
        let frame = DataFrame::new_infer_height(vec![
            Column::new("component".into(), (1..=principal.variances.len() as u32).collect::<Vec<_>>()),
            Column::new("variance".into(), principal.variances.clone()),
            Column::new("explained".into(), explained),
            Column::new("cumulative".into(), cumulative),
        ]);
        let mut table = Table::new(frame.expect("columns of equal length"));
        table.about.definitions =
            MEASURES.map(|measure| (measure.name.to_owned(), measure.definition.to_owned())).into();
        table.about.facts = [
            ("columns".to_owned(), json!(columns)),
            (fact::ROWS_FITTED.to_owned(), json!(fitted)),
            ("solver".to_owned(), json!(solver)),
            ("total_variance".to_owned(), json!(principal.total)),
        ]
        .into();
        table.about.lineage = lineage.clone();
        table
    }
}

#[cfg(test)]
mod tests {
    use super::Pca;
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::samples;
    use crate::nodes::testing::{Outputs, folds, hold_out, inputs, matrix, stimuli};
    use crate::value::Value;
    use ndarray::{Array2, Axis};
    use rand::{Rng, SeedableRng};
    use serde_json::json;

    impl Golden for Pca {
        fn golden() -> Sample {
            let given = inputs().value("features", &samples::x()).value("split", &samples::split());
            (given, json!({ "components": 3 }))
        }
    }

    fn noisy(height: usize, width: usize) -> Array2<f32> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(4);
        Array2::from_shape_fn((height, width), |_| rng.sample::<f32, _>(rand_distr::StandardNormal) + 3.0)
    }

    fn run(x: &Array2<f32>, split: &Value, params: serde_json::Value) -> Outputs {
        let rows = stimuli(x.nrows());
        inputs().value("features", &matrix(&rows, x.clone())).value("split", split).run::<Pca>(params).unwrap()
    }

    fn fold_values(made: &Outputs) -> (Array2<f32>, Array2<f32>) {
        (made.matrix("scores").view().to_owned(), made.matrix("components").view().to_owned())
    }

    #[test]
    fn components_are_orthonormal_and_reproduce_the_scores_of_all_rows() {
        let x = noisy(12, 30);
        let made = run(&x, &hold_out(&stimuli(12), "tttttttttvee"), json!({ "components": 5 }));
        let (scores, components) = fold_values(&made);
        assert_eq!((scores.dim(), components.dim()), ((12, 5), (5, 30)));
        for ((i, j), value) in components.dot(&components.t()).indexed_iter() {
            assert!((value - f32::from(u8::from(i == j))).abs() < 1e-5);
        }
        let mean = x.slice(ndarray::s![..9, ..]).mean_axis(Axis(0)).unwrap();
        let expected = (&x - &mean).dot(&components.t());
        assert!((&expected - &scores).iter().all(|difference| difference.abs() < 1e-4));
        let fit = made.fit("fit");
        assert_eq!(fit.arrays["components"].shape(), [5, 30]);
        assert!(fit.arrays["mean"].iter().zip(&mean).all(|(a, b)| (a - b).abs() < 1e-5));
        assert!(fit.arrays["components"].iter().eq(components.iter()));
        assert_eq!(made.matrix("scores").about.lineage.fitted[0].len(), 9);
    }

    #[test]
    fn test_rows_leave_no_trace_in_the_fit() {
        let x = noisy(12, 30);
        let mut other = x.clone();
        other.row_mut(11).fill(1e3);
        let split = hold_out(&stimuli(12), "tttttttttvee");
        let (a, b) = (run(&x, &split, json!({ "components": 5 })), run(&other, &split, json!({ "components": 5 })));
        let ((a_scores, a_components), (b_scores, b_components)) = (fold_values(&a), fold_values(&b));
        assert_eq!(a_components, b_components);
        assert_eq!(a_scores.slice(ndarray::s![..9, ..]), b_scores.slice(ndarray::s![..9, ..]));
        for column in ["variance", "explained"] {
            assert_eq!(a.numbers("spectrum", column), b.numbers("spectrum", column));
        }
    }

    #[test]
    fn the_spectrum_of_all_components_sums_to_one() {
        let made = run(&noisy(9, 30), &hold_out(&stimuli(9), "ttttttttv"), json!({ "components": 7 }));
        assert!((made.numbers("spectrum", "cumulative")[6] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn folds_are_fitted_each_without_its_rows() {
        let x = noisy(12, 30);
        let made = run(&x, &folds(&stimuli(12), 3), json!({ "components": 4 }));
        assert_eq!(made.keys("scores"), ["0", "1", "2"]);
        for fold in 0..3 {
            let parts: String = (0..12).map(|row| if row % 3 == fold { 'e' } else { 't' }).collect();
            let alone = run(&x, &hold_out(&stimuli(12), &parts), json!({ "components": 4 }));
            let (a, b) = (made.matrix_of("scores", &fold.to_string()), alone.matrix("scores"));
            assert!((&a.view() - &b.view()).iter().all(|difference| difference.abs() < 1e-5), "fold {fold}");
            assert_eq!(a.about.lineage, b.about.lineage);
        }
    }

    #[test]
    fn unread_components_are_not_made() {
        let rows = stimuli(6);
        let made = inputs()
            .value("features", &matrix(&rows, noisy(6, 9)))
            .value("split", &hold_out(&rows, "ttttte"))
            .wanting(&["scores"])
            .run::<Pca>(json!({ "components": 2 }))
            .unwrap();
        assert!(made.has("scores") && made.has("spectrum") && !made.has("components") && !made.has("fit"));
    }

    #[test]
    fn what_cannot_be_decomposed_is_refused_in_words() {
        let rows = stimuli(6);
        let refusal = |x: Array2<f32>, parts: &str, params| {
            let split = hold_out(&rows, parts);
            inputs().value("features", &matrix(&rows, x)).value("split", &split).refusal::<Pca>(params).message
        };
        let error = refusal(noisy(6, 9), "ttttte", json!({ "components": 5 }));
        assert!(error.contains("`components` is 5, but 5 centred train rows of 9 columns have rank 4"), "{error}");
        assert!(refusal(noisy(6, 9), "teeeee", json!({ "components": 1 })).contains("1 rows are train"));
        let error = refusal(Array2::ones((6, 9)), "ttttte", json!({ "components": 1 }));
        assert!(error.contains("all 5 train rows of `features` are the same"), "{error}");
        let mut holed = noisy(6, 9);
        holed[[5, 2]] = f32::NAN;
        let error = refusal(holed, "ttttte", json!({ "components": 1 }));
        assert!(error.contains("NaN at stimulus `s5`, column 2"), "{error}");
        assert!(refusal(noisy(6, 9), "ttttte", json!({ "components": 0 })).contains("at least 1"));
    }
}
