//! The first eigenvector of a symmetric operator that is known by its products with vectors alone.
//!
//! Lanczos's iteration with every new vector made orthogonal to all before (Parlett 1998, chapter 13), begun again from the best
//! vector so far where it grows long.

use tch::{Kind, Tensor};

use crate::math::tensor::{index, scalar};

/// Vectors that are kept before the iteration begins again.
const MOST_VECTORS: i64 = 96;
/// How often it may begin again.
const ROUNDS: usize = 40;
/// Steps between looks at the residual.
const LOOK: i64 = 6;
/// The residual ‖Av − λv‖ at which it ends, relative to λ.
const RESIDUAL: f64 = 1e-13;

/// The largest eigenvalue and its vector (size × 1, of length 1) of a symmetric operator without negative eigenvalues of note;
/// `apply` multiplies it with size × 1.
pub fn leading(size: usize, device: tch::Device, apply: impl Fn(&Tensor) -> Tensor) -> (f64, Tensor) {
    // Numbers without a pattern, so that no eigenvector is left out by symmetry.
    let start: Vec<f64> = (0..size).map(|at| 1.0 + 0.5 * ((at * at + 3 * at) as f64 * 0.618).sin()).collect();
    let mut vector = Tensor::from_slice(&start).to_device(device).unsqueeze(1);
    let mut value = 0.0;
    for _ in 0..ROUNDS {
        vector = &vector / scalar(&vector.norm());
        let (better, residual);
        (value, better, residual) = round(&vector, &apply);
        vector = better;
        if residual <= RESIDUAL * value {
            break;
        }
    }
    (value, vector)
}

/// One iteration from a vector of length 1: the largest eigenvalue within its vectors, the vector, and its residual.
fn round(start: &Tensor, apply: &impl Fn(&Tensor) -> Tensor) -> (f64, Tensor, f64) {
    let size = start.size()[0];
    let most = MOST_VECTORS.min(size);
    let vectors = Tensor::zeros([size, most], (Kind::Double, start.device()));
    let (mut along, mut beside) = (Vec::<f64>::new(), Vec::<f64>::new());
    let mut next = start.shallow_clone();
    for at in 0..most {
        vectors.narrow(1, at, 1).copy_(&next);
        let known = vectors.narrow(1, 0, at + 1);
        let mut image = apply(&next);
        along.push(scalar(&next.tr().matmul(&image).squeeze()));
        for _ in 0..2 {
            image = &image - known.matmul(&known.tr().matmul(&image));
        }
        let length = scalar(&image.norm());
        let largest = along.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
        let ends = at + 1 == most || length <= RESIDUAL * largest;
        if ends || at % LOOK == LOOK - 1 {
            let (value, within) = tridiagonal(&along, &beside);
            let residual = length * within[within.len() - 1].abs();
            if ends || residual <= RESIDUAL * value {
                let within = Tensor::from_slice(&within).to_device(start.device()).unsqueeze(1);
                let residual = if at + 1 == size { 0.0 } else { residual };
                return (value, known.matmul(&within), residual);
            }
        }
        beside.push(length);
        next = image / length;
    }
    unreachable!("the last vector ends it")
}

/// The largest eigenvalue of a tridiagonal matrix, and its vector.
fn tridiagonal(diagonal: &[f64], beside: &[f64]) -> (f64, Vec<f64>) {
    let size = diagonal.len();
    let mut matrix = vec![0.0; size * size];
    for (at, &value) in diagonal.iter().enumerate() {
        matrix[at * size + at] = value;
    }
    for (at, &value) in beside.iter().enumerate() {
        matrix[(at + 1) * size + at] = value;
    }
    let (values, vectors) = Tensor::from_slice(&matrix).view([index(size), index(size)]).linalg_eigh("L");
    let last = index(size) - 1;
    let vector = crate::math::tensor::wide_vec(&vectors.narrow(1, last, 1));
    (values.double_value(&[last]), vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_the_whole_decomposition() {
        tch::manual_seed(5);
        for (size, rank) in [(1, 1), (7, 3), (60, 60), (300, 80), (400, 400)] {
            let x = Tensor::randn([size, rank], (Kind::Double, tch::Device::Cpu));
            let matrix = x.matmul(&x.tr());
            let (values, vectors) = matrix.linalg_eigh("L");
            let (value, vector) = leading(size as usize, tch::Device::Cpu, |v| matrix.matmul(v));
            let expected = values.double_value(&[size - 1]);
            assert!((value / expected - 1.0).abs() < 1e-12, "{size} of rank {rank}: {value}, {expected}");
            let agreement = scalar(&vectors.narrow(1, size - 1, 1).tr().matmul(&vector).abs().squeeze());
            assert!((agreement - 1.0).abs() < 1e-12, "{size} of rank {rank}: {agreement}");
        }
    }

    #[test]
    fn an_operator_of_nothing_has_no_direction_but_a_vector() {
        let (value, vector) = leading(5, tch::Device::Cpu, |v| v * 0.0);
        assert_eq!(value, 0.0);
        assert!((scalar(&vector.norm()) - 1.0).abs() < 1e-12);
    }
}
