//! Partial least squares regression of several units at once (PLS2; Wold 1975), every number of components in one pass.
//!
//! For centred features X (n × p) and responses Y (n × q), component a follows from what those before leave:
//!
//! ```text
//! c = the first eigenvector of YᵀXXᵀY,  u = Yc,  t = XXᵀu less its part along T,  t ← t/‖t‖,  Y ← Y − t(tᵀY)
//! ```
//!
//! Neither X nor K = XXᵀ is deflated: T stays orthonormal, and XᵀY or KY is brought up to date by one product with t (kernel PLS of
//! Rännar et al. 1994 in the form of Lindgren et al. 1993, and Dayal & MacGregor 1997). With A either X (p + 1 < n) or K, and directions D (columns
//! of A × a) such that AD = T, predictions by a components are ŷ = A D₁..ₐ T₁..ₐᵀY + ȳ. The same numbers as scikit-learn's
//! `PLSRegression(scale=False)` at convergence. All in 64 bits.

use tch::{Kind, Tensor};

use crate::math::linear::krylov;
use crate::math::tensor::{column_means, index, scalar, wide_vec};

/// Units from which on YᵀKY is not made, but multiplied with vectors; decided by size alone.
const IMPLICIT: i64 = 512;
/// The share of the responses' squares below which what is left of them may stem from their rounding to 32 bits.
const ROUNDED: f64 = 1.5e-14;

/// What the columns of A are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Features: A = X, n × p.
    Primal,
    /// Products with train rows: A = XXᵀ, n × n.
    Dual,
}

/// Why there are no more components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// What is left of the features may be rounding alone.
    Features,
    /// What is left of the responses may be.
    Responses,
}

/// Components one after the other, each with what it adds to predictions.
pub struct Path {
    /// D: columns of A × components.
    directions: Tensor,
    /// TᵀY: components × units.
    loadings: Tensor,
    /// The share of the features' squares along each component.
    pub of_features: Vec<f64>,
    /// The share of the responses' squares along each component.
    pub of_responses: Vec<f64>,
    /// Set where fewer components were found than asked for.
    pub end: Option<End>,
}

/// What components leave of the responses.
struct Left {
    form: Form,
    /// Y, n × q.
    y: Tensor,
    /// AᵀY, columns of A × q.
    image: Tensor,
}

impl Left {
    /// The largest eigenvalue of YᵀXXᵀY, and its vector (q × 1).
    fn leading(&self) -> (f64, Tensor) {
        let side = if self.form == Form::Primal { &self.image } else { &self.y };
        let units = side.size()[1];
        if units >= IMPLICIT {
            return krylov::leading(units as usize, side.device(), |v| side.tr().matmul(&self.image.matmul(v)));
        }
        let (values, vectors) = side.tr().matmul(&self.image).linalg_eigh("L");
        (values.double_value(&[units - 1]), vectors.narrow(1, units - 1, 1))
    }

    /// Takes a component away: t of length 1 (n × 1), and its image Aᵀt. Gives tᵀY.
    fn deflate(&mut self, t: &Tensor, image: &Tensor) -> Tensor {
        let loading = t.tr().matmul(&self.y);
        self.y = &self.y - t.matmul(&loading);
        self.image = &self.image - image.matmul(&loading);
        loading
    }
}

impl Path {
    /// Up to `components` of A (n × p or n × n, centred by its own rows) and Y (n × q, centred). `trace` is the sum of the squares
    /// of X; eigenvalues of XᵀX below `noise` may stem from rounding.
    pub fn of(a: &Tensor, form: Form, y: &Tensor, components: usize, (trace, noise): (f64, f64)) -> Self {
        let total = scalar(&y.square().sum(Kind::Double));
        let mut left = Left { form, y: y.shallow_clone(), image: a.tr().matmul(y) };
        let (rows, columns) = a.size2().expect("a matrix");
        let most = index(components);
        let scores = Tensor::zeros([rows, most], (Kind::Double, a.device()));
        let directions = Tensor::zeros([columns, most], (Kind::Double, a.device()));
        let (mut loadings, mut of_features, mut of_responses) = (Vec::new(), Vec::new(), Vec::new());
        let mut end = None;
        for at in 0..most {
            let (power, c) = left.leading();
            let u = left.y.matmul(&c);
            let length = scalar(&u.square().sum(Kind::Double));
            if length.is_nan() || length <= ROUNDED * total {
                end = Some(End::Responses);
                break;
            }
            if power <= noise * length {
                end = Some(End::Features);
                break;
            }
            let mut direction = if form == Form::Primal { left.image.matmul(&c) } else { u };
            let mut t = a.matmul(&direction);
            let (before, so_far) = (scores.narrow(1, 0, at), directions.narrow(1, 0, at));
            for _ in 0..2 {
                let along = before.tr().matmul(&t);
                t = &t - before.matmul(&along);
                direction = &direction - so_far.matmul(&along);
            }
            let long = scalar(&t.norm());
            // ‖Xw‖²/‖w‖² for the direction w in feature space, which is as long as `power` says.
            if long * long <= noise * power {
                end = Some(End::Features);
                break;
            }
            let (t, direction) = (t / long, direction / long);
            let image = a.tr().matmul(&t);
            let loading = left.deflate(&t, &image);
            let along = if form == Form::Primal { image.square().sum(Kind::Double) } else { t.tr().matmul(&image) };
            of_features.push(scalar(&along) / trace);
            of_responses.push(scalar(&loading.square().sum(Kind::Double)) / total);
            scores.narrow(1, at, 1).copy_(&t);
            directions.narrow(1, at, 1).copy_(&direction);
            loadings.push(loading);
        }
        let found = index(loadings.len());
        let loadings = if found == 0 {
            Tensor::zeros([0, y.size()[1]], (Kind::Double, a.device()))
        } else {
            Tensor::cat(&loadings, 0)
        };
        Self { directions: directions.narrow(1, 0, found), loadings, of_features, of_responses, end }
    }

    /// How many components there are.
    pub fn len(&self) -> usize {
        self.of_features.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.of_features.is_empty()
    }

    /// Coefficients of A's columns by the first `count` components, columns × units.
    pub fn coefficients(&self, count: usize) -> Tensor {
        let count = index(count);
        self.directions.narrow(1, 0, count).matmul(&self.loadings.narrow(0, 0, count))
    }

    /// Errors y − ŷ of rows of A (any × columns) with responses less the train means (any × units), by each of some counts of
    /// components, ascending; `take` is given each in turn.
    pub fn errors(&self, a: &Tensor, y: &Tensor, counts: &[usize], mut take: impl FnMut(usize, &Tensor)) {
        let scores = a.matmul(&self.directions);
        let mut errors = y.copy();
        let mut from = 0;
        for (at, &count) in counts.iter().enumerate() {
            let to = index(count);
            if to > from {
                errors -= scores.narrow(1, from, to - from).matmul(&self.loadings.narrow(0, from, to - from));
                from = to;
            }
            take(at, &errors);
        }
    }
}

/// Rows of A that a fit sees, and others, both centred by the former's mean, as A would be without the latter: of features their
/// rows, of products with train rows (n × n, in which rows and columns are the same) also the columns.
pub fn without(a: &Tensor, form: Form, seen: &[usize], unseen: &[usize]) -> (Tensor, Tensor) {
    let rows = crate::math::tensor::rows;
    match form {
        Form::Primal => {
            let inside = rows(a, seen);
            let mean = column_means(&inside);
            (inside - &mean, rows(a, unseen) - mean)
        }
        Form::Dual => {
            let to_seen = crate::math::linear::gram::to_train(a, seen);
            (rows(&to_seen, seen), rows(&to_seen, unseen))
        }
    }
}

/// The sum of the squares of X by A over its own rows.
pub fn trace(a: &Tensor, form: Form) -> f64 {
    match form {
        Form::Primal => scalar(&a.square().sum(Kind::Double)),
        Form::Dual => scalar(&a.trace()),
    }
}

/// Squares of some errors per unit, of which those that are not known (NaN) count nothing.
pub fn squares(errors: &Tensor) -> Vec<f64> {
    wide_vec(&errors.square().nan_to_num(0.0, 0.0, 0.0).sum_dim_intlist([0i64].as_slice(), false, Kind::Double))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::tensor::{columns, from_array, rows};
    use ndarray::{Array2, s};
    use serde_json::Value as Json;

    const CPU: tch::Device = tch::Device::Cpu;

    fn numbers(json: &Json) -> Vec<f64> {
        json.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    }

    fn matrix(json: &Json) -> Array2<f64> {
        let rows: Vec<Vec<f64>> = json.as_array().unwrap().iter().map(numbers).collect();
        Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
    }

    /// By scikit-learn's PLSRegression: see tests/oracles/pls.py.
    fn oracle() -> Json {
        serde_json::from_str(include_str!("../../../tests/oracles/pls.json")).unwrap()
    }

    /// All rows and the train rows of A, and what centres predictions.
    fn design(x: &Array2<f64>, train: usize, form: Form) -> (Tensor, Tensor) {
        let mean = x.slice(s![..train, ..]).mean_axis(ndarray::Axis(0)).unwrap();
        let all = from_array(&(x - &mean), CPU);
        let all = if form == Form::Primal { all.copy() } else { all.matmul(&all.narrow(0, 0, train as i64).tr()) };
        let inside = all.narrow(0, 0, train as i64);
        (all, inside)
    }

    fn worst(a: &Tensor, b: &Tensor) -> f64 {
        scalar(&(a - b).abs().max())
    }

    #[test]
    fn predictions_are_those_of_scikit_learn_for_every_number_of_components() {
        let all = oracle();
        for name in ["tall", "wide", "alone"] {
            let case = &all[name];
            let (x, y) = (matrix(&case["x"]), matrix(&case["y"]));
            let train = case["train"].as_u64().unwrap() as usize;
            let counts: Vec<usize> = numbers(&case["counts"]).iter().map(|&count| count as usize).collect();
            let mean = y.slice(s![..train, ..]).mean_axis(ndarray::Axis(0)).unwrap();
            let target = from_array(&(&y - &mean), CPU);
            for form in [Form::Primal, Form::Dual] {
                let (a, inside) = design(&x, train, form);
                let of = (trace(&inside, form), 1e-12);
                let path = Path::of(&inside, form, &target.narrow(0, 0, train as i64), counts[counts.len() - 1], of);
                assert_eq!((path.len(), path.end), (counts[counts.len() - 1], None));
                for (&count, expected) in counts.iter().zip(case["predictions"].as_array().unwrap()) {
                    let expected = from_array(&(matrix(expected) - &mean), CPU);
                    let apart = worst(&a.matmul(&path.coefficients(count)), &expected);
                    assert!(apart < 1e-9, "{name}, {form:?}, {count}: {apart}");
                    path.errors(&a, &target, &[count], |_, errors| {
                        assert!(worst(errors, &(&target - &expected)) < 1e-9);
                    });
                }
                // At the tolerance that is usually asked of it.
                for (&count, usual) in counts.iter().zip(case["usual"].as_array().unwrap()) {
                    let usual = from_array(&(matrix(usual) - &mean), CPU);
                    let apart = worst(&a.matmul(&path.coefficients(count)), &usual);
                    assert!(apart < 1e-5 * scalar(&usual.abs().max()), "{name}, {form:?}, {count}: {apart}");
                }
                for (got, expected) in [(&path.of_features, "of_features"), (&path.of_responses, "of_responses")] {
                    for (got, expected) in got.iter().zip(numbers(&case[expected])) {
                        assert!((got - expected).abs() < 1e-9, "{name}, {form:?}: {got}, {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn many_units_go_the_way_of_vectors_alone() {
        tch::manual_seed(2);
        let x = Tensor::randn([40, 90], (Kind::Double, CPU));
        let y = x.matmul(&Tensor::randn([90, 600], (Kind::Double, CPU)));
        let (x, y) = (&x - column_means(&x), &y - column_means(&y));
        let products = x.matmul(&x.tr());
        let by_vectors = Path::of(&products, Form::Dual, &y, 6, (trace(&products, Form::Dual), 1e-9));
        // The same by turning units into fewer that span them: YYᵀ is what decides.
        let (_, _, v) = y.svd(true, true);
        let fewer = Path::of(&products, Form::Dual, &y.matmul(&v), 6, (trace(&products, Form::Dual), 1e-9));
        assert!(v.size()[1] < IMPLICIT);
        let (a, b) = (by_vectors.coefficients(6), fewer.coefficients(6).matmul(&v.tr()));
        assert!(worst(&a, &b) < 1e-9 * scalar(&b.abs().max()), "{}", worst(&a, &b));
    }

    #[test]
    fn a_path_ends_where_nothing_is_left() {
        tch::manual_seed(4);
        let x = Tensor::randn([30, 5], (Kind::Double, CPU));
        let x = &x - column_means(&x);
        let noise = 1e-12;
        for (form, a) in [(Form::Primal, x.shallow_clone()), (Form::Dual, x.matmul(&x.tr()))] {
            let y = Tensor::randn([30, 3], (Kind::Double, CPU));
            let y = &y - column_means(&y);
            let of = (trace(&a, form), noise);
            let path = Path::of(&a, form, &y, 9, of);
            assert_eq!((path.len(), path.end), (5, Some(End::Features)), "{form:?}");
            // With every direction of the features it is least squares.
            let (left, _, _) = x.svd(true, true);
            assert!(worst(&a.matmul(&path.coefficients(5)), &left.matmul(&left.tr().matmul(&y))) < 1e-9);
            // One unit that lies along a direction of equal variance: one component says it all.
            let y = left.narrow(1, 2, 1);
            let path = Path::of(&left, Form::Primal, &y, 4, (5.0, noise));
            assert_eq!((path.len(), path.end), (1, Some(End::Responses)));
            let none = Path::of(&a, form, &(y * 0.0), 4, of);
            assert_eq!((none.len(), none.end), (0, Some(End::Responses)));
        }
    }

    #[test]
    fn rows_left_out_are_as_if_they_had_never_been() {
        let x = from_array(&crate::math::linear::ridge::tests::normal(14, 6, 3), CPU);
        let (seen, unseen): (Vec<usize>, Vec<usize>) = (0..14).partition(|row| row % 4 != 1);
        let centred = &x - column_means(&x);
        let products = centred.matmul(&centred.tr());
        let inside = rows(&x, &seen);
        let mean = column_means(&inside);
        let (inside, outside) = (inside - &mean, rows(&x, &unseen) - mean);
        let (a, b) = without(&centred, Form::Primal, &seen, &unseen);
        assert!(worst(&a, &inside) < 1e-12 && worst(&b, &outside) < 1e-12);
        let (a, b) = without(&products, Form::Dual, &seen, &unseen);
        assert!(worst(&a, &inside.matmul(&inside.tr())) < 1e-12 && worst(&b, &outside.matmul(&inside.tr())) < 1e-12);
        assert_eq!(columns(&a, &[0]).size(), [seen.len() as i64, 1]);
    }
}
