//! The Gram matrix of very wide data, read once in blocks of columns, and its centring.
//!
//! X is rows × columns, row-major, often a memory map of gigabytes. Blocks of columns are multiplied in the precision
//! asked for, and summed in 64 bits; the mean over the rows that are fitted on is subtracted afterwards, by `to_train`,
//! which is exact algebra. Rows are multiplied as they are: were they shifted first by a mean, rows that no fit may see
//! would enter the others' products, if only in the last digit. What that algebra cancels is known from the products
//! themselves, and where 32 bits would lose too much of it, they are computed again in 64.

use ndarray::ArrayView2;
use rayon::prelude::*;
use tch::{Kind, Tensor};

use crate::math::tensor::{index, rows, scalar};
use crate::value::matrix::{Raw, Stored};

/// Floats a block of columns holds, over all rows: wide enough that adding up products in 64 bits costs little beside them.
const BLOCK_FLOATS: usize = 12 << 20;
/// Rows that are multiplied at a time with the rows at or after them; the upper triangle is mirrored.
const BLOCK_ROWS: usize = 128;
/// The least part of all rows' squared lengths that is not their mean's, for products in 32 bits: centring then costs them
/// little more than one of seven digits.
const LEAST_SPREAD: f64 = 1.0 / 16.0;
/// Half a unit in the last place of 1 in 32-bit floats.
const ROUNDOFF: f64 = 5.960_464_477_539_063e-8;

/// How block products are computed; their sums always have 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    Single,
    Double,
}

impl Precision {
    /// Double where it costs well under a second on two cores, single otherwise: a rule by size alone, so that equal
    /// input gives equal bytes.
    pub fn of(rows: usize, columns: usize) -> Self {
        if (rows * rows).saturating_mul(columns) <= 20_000_000_000 { Self::Double } else { Self::Single }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Single => Kind::Float,
            Self::Double => Kind::Double,
        }
    }
}

/// Column blocks of a matrix, each shifted by its column means over some rows, or not at all.
pub struct Blocks<'a> {
    x: Raw<'a>,
    /// 1 / count at the rows whose mean is subtracted, else 0; 1 × rows.
    weights: Option<Tensor>,
    width: usize,
    kind: Kind,
    buffer: Tensor,
}

/// The columns of a block.
fn block_width(x: Raw<'_>) -> usize {
    (BLOCK_FLOATS / x.rows.max(1)).clamp(256, 8192).min(x.columns.max(1))
}

/// One block: the columns it starts at, its shifted numbers (rows × width), and what was subtracted (1 × width).
pub struct Block {
    pub start: usize,
    pub shifted: Tensor,
    pub shift: Option<Tensor>,
}

impl<'a> Blocks<'a> {
    /// Blocks of `x` (rows × columns, row-major), shifted by the means over the rows `centre`, if any are named.
    pub fn new(x: Raw<'a>, centre: &[usize], precision: Precision, device: tch::Device) -> Self {
        let width = block_width(x);
        let kind = precision.kind();
        let weights = (!centre.is_empty()).then(|| {
            let mut weights = vec![0.0; x.rows];
            for &row in centre {
                weights[row] = 1.0 / centre.len() as f64;
            }
            Tensor::from_slice(&weights).to_device(device).to_kind(kind).unsqueeze(0)
        });
        let buffer = Tensor::empty([index(x.rows), index(width)], (kind, device));
        Self { x, weights, width, kind, buffer }
    }

    /// How many blocks there are.
    pub fn len(&self) -> usize {
        self.x.columns.div_ceil(self.width)
    }

    /// Whether there are no columns.
    pub fn is_empty(&self) -> bool {
        self.x.columns == 0
    }

    /// The columns that the blocks before `at` hold.
    pub fn columns_before(&self, at: usize) -> usize {
        (at * self.width).min(self.x.columns)
    }

    /// A block by number; its numbers stand until the next one is asked for.
    pub fn get(&self, at: usize) -> Block {
        let start = at * self.width;
        let width = self.width.min(self.x.columns - start);
        let kind = match self.x.stored {
            Stored::F32 => Kind::Float,
            Stored::F16 => Kind::Half,
            Stored::BF16 => Kind::BFloat16,
        };
        let from = &self.x.bytes[start * self.x.stored.size()..];
        // SAFETY: the numbers outlive the tensor, which is only read, and dropped before this function returns; its last
        // row ends where they end.
        let lent = unsafe {
            Tensor::from_blob(
                from.as_ptr(),
                &[index(self.x.rows), index(width)],
                &[index(self.x.columns), 1],
                kind,
                tch::Device::Cpu,
            )
        };
        let mut out = self.buffer.narrow(1, 0, index(width));
        let Some(weights) = &self.weights else {
            out.copy_(&lent);
            return Block { start, shifted: out, shift: None };
        };
        let raw = lent.to_device(self.buffer.device()).to_kind(self.kind);
        let shift = weights.matmul(&raw);
        let shifted = raw.sub_out(&out, &shift);
        Block { start, shifted, shift: Some(shift) }
    }
}

/// Products of all rows with all rows.
pub struct Gram {
    /// rows × rows, 64-bit, symmetric.
    pub products: Tensor,
    pub columns: usize,
    /// What products were computed in.
    pub precision: Precision,
}

impl Gram {
    /// Computes XXᵀ for X rows × columns, in the precision given or, where rows hardly differ, a finer one.
    ///
    /// An entry depends on its two rows alone. `progress` is told columns done and in all.
    pub fn of(x: Raw<'_>, precision: Precision, device: tch::Device, progress: &mut dyn FnMut(u64, u64)) -> Self {
        Self::with_sums(x, precision, device, progress).0
    }

    /// The same, and the sum of every row (`row_sums`), made in one pass over the columns.
    pub fn with_sums(
        x: Raw<'_>,
        precision: Precision,
        device: tch::Device,
        progress: &mut dyn FnMut(u64, u64),
    ) -> (Self, Vec<f64>) {
        let mut sums = vec![0.0; x.rows];
        let gram = Self::within(x, precision, device, progress, Some(&mut sums));
        if precision == Precision::Single && gram.is_finite() && gram.spread() < LEAST_SPREAD {
            return (Self::within(x, Precision::Double, device, progress, None), sums);
        }
        (gram, sums)
    }

    fn within(
        x: Raw<'_>,
        precision: Precision,
        device: tch::Device,
        progress: &mut dyn FnMut(u64, u64),
        mut sums: Option<&mut Vec<f64>>,
    ) -> Self {
        let (height, columns) = (x.rows, x.columns);
        let blocks = Blocks::new(x, &[], precision, device);
        let products = Tensor::zeros([index(height), index(height)], (Kind::Double, device));
        for at in 0..blocks.len() {
            let block = blocks.get(at);
            for top in (0..height).step_by(BLOCK_ROWS) {
                let tall = BLOCK_ROWS.min(height - top);
                let below = block.shifted.narrow(0, index(top), index(height - top));
                let mut target = products.narrow(0, index(top), index(height - top)).narrow(1, index(top), index(tall));
                let _ = target.g_add_(&times(&below, tall));
            }
            if let Some(sums) = &mut sums {
                add_columns(x, block.start, block.shifted.size()[1] as usize, sums);
            }
            progress(blocks.columns_before(at + 1) as u64, columns as u64);
        }
        let products = products.tril(0) + products.tril(-1).tr();
        Self { products, columns, precision }
    }

    /// The part of all rows' squared lengths that is left after their mean is subtracted; 1 for rows that are all zero.
    fn spread(&self) -> f64 {
        let (trace, sum) = (scalar(&self.products.trace()), scalar(&self.products.sum(Kind::Double)));
        if trace > 0.0 { 1.0 - sum / self.products.size()[0] as f64 / trace } else { 1.0 }
    }

    /// Whether all products are numbers; they are not where any row holds NaN, or overflows.
    pub fn is_finite(&self) -> bool {
        self.products.isfinite().all().int64_value(&[]) == 1
    }

    /// Products of all rows with the train rows, after the mean over these was subtracted from all; rows × train.
    pub fn to_train(&self, train: &[usize]) -> Tensor {
        to_train(&self.products, train)
    }

    /// Eigenvalues of the centred products of train rows below this may stem from rounding alone, of the features to 32
    /// bits and of the products to the precision they were computed in.
    pub fn noise(&self, train: &[usize]) -> f64 {
        let height = train.len() as f64;
        let squares = rows(&self.products.diagonal(0, 0, 1).unsqueeze(1), train);
        let square = scalar(&squares.mean(Kind::Double));
        let stored = rounding_noise(square / self.columns as f64, height, self.columns as f64);
        match self.precision {
            Precision::Double => stored,
            // Sums of like signs in 32 bits are off by some 13 units in the last place per entry for blocks of 8192 columns
            // in 16 lanes, √(512/3); independent errors of n × n entries have a largest eigenvalue of 2√n such.
            Precision::Single => stored + 32.0 * ROUNDOFF * height.sqrt() * square,
        }
    }
}

/// The largest eigenvalue of EEᵀ where E (rows × columns) is the rounding error of 32-bit numbers of the given mean
/// square: independent errors of relative size u have the largest singular value u·√square·(√rows + √columns).
pub fn rounding_noise(square: f64, height: f64, width: f64) -> f64 {
    4.0 * ROUNDOFF * ROUNDOFF * square * (height.sqrt() + width.sqrt()).powi(2)
}

/// The products of rows (m × k) with the first `tall` of them, m × tall.
///
/// On the CPU, 32-bit floats go the way of a 1 × 1 convolution over m pixels of k channels: the same products by oneDNN,
/// which was 15% faster here than matrix multiplication by MKL (on an AMD processor with AVX-512).
fn times(rows: &Tensor, tall: usize) -> Tensor {
    let first = rows.narrow(0, 0, index(tall));
    if rows.device() != tch::Device::Cpu || rows.kind() != Kind::Float {
        return rows.matmul(&first.tr());
    }
    let (m, k) = rows.size2().expect("a matrix");
    let pixels = rows.unsqueeze(0).unsqueeze(2).permute([0, 3, 1, 2]);
    let windows = first.reshape([index(tall), k, 1, 1]);
    let product = pixels.conv2d(&windows, None::<&Tensor>, [1, 1], [0, 0], [1, 1], 1);
    product.permute([0, 2, 3, 1]).reshape([m, index(tall)])
}

/// Of products of rows (rows × rows), those with the rows `train` after the mean over these was subtracted from all:
/// H G Hᵀ with H = I − 1wᵀ; rows × train.
pub fn to_train(products: &Tensor, train: &[usize]) -> Tensor {
    let out = crate::math::tensor::columns(products, train);
    let to_mean = out.mean_dim([1i64].as_slice(), true, Kind::Double);
    let of_train = rows(&to_mean, train);
    let mean_square = scalar(&of_train.mean(Kind::Double));
    let _ = out.shallow_clone().g_sub_(&to_mean);
    let _ = out.shallow_clone().g_sub_(&(of_train.tr() - mean_square));
    out
}

/// The sum of every row, rows, in 64 bits. The order of summation is that of a Gram matrix's blocks, so that sums made beside one have
/// the same bits as sums made alone.
pub fn row_sums(x: Raw<'_>) -> Vec<f64> {
    let width = block_width(x);
    let mut sums = vec![0.0; x.rows];
    for start in (0..x.columns).step_by(width) {
        add_columns(x, start, width.min(x.columns - start), &mut sums);
    }
    sums
}

/// Adds the sums over some columns to those of rows.
fn add_columns(x: Raw<'_>, start: usize, width: usize, sums: &mut [f64]) {
    sums.par_iter_mut().enumerate().with_min_len(16).for_each_init(
        || vec![0.0f32; width],
        |numbers, (row, sum)| {
            x.part(row, start, numbers);
            // Several sums side by side are one vector to the processor.
            let mut lanes = [0.0f64; 8];
            for chunk in numbers.chunks(8) {
                chunk.iter().zip(&mut lanes).for_each(|(&number, lane)| *lane += f64::from(number));
            }
            *sum += lanes.iter().sum::<f64>();
        },
    );
}

/// The mean of every column over some rows; columns.
pub fn mean(x: Raw<'_>, train: &[usize]) -> Vec<f32> {
    let mut sums = vec![0.0f64; x.columns];
    let mut numbers = vec![0.0; x.columns];
    for &row in train {
        x.row(row, &mut numbers);
        for (sum, &value) in sums.iter_mut().zip(&numbers) {
            *sum += f64::from(value);
        }
    }
    sums.iter().map(|sum| (sum / train.len() as f64) as f32).collect()
}

/// The first row and column that hold no finite number.
pub fn first_not_finite(x: Raw<'_>) -> Option<(usize, usize)> {
    let mut numbers = vec![0.0; x.columns];
    (0..x.rows).find_map(|row| {
        x.row(row, &mut numbers);
        numbers.iter().position(|value| !value.is_finite()).map(|column| (row, column))
    })
}

/// An array's numbers as they lie in memory; it is row-major.
pub fn raw(x: ArrayView2<'_, f32>) -> Raw<'_> {
    let (rows, columns) = x.dim();
    let numbers = x.to_slice().expect("row-major");
    Raw { stored: Stored::F32, rows, columns, bytes: crate::value::codec::bytes_of(numbers) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use rand::{Rng, SeedableRng};

    fn noisy(height: usize, width: usize, mean: f32) -> Array2<f32> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        Array2::from_shape_fn((height, width), |_| mean + rng.random::<f32>())
    }

    /// By the definition, one pair of rows at a time.
    fn centred_products(x: &Array2<f32>, train: &[usize]) -> Array2<f64> {
        let wide = x.mapv(f64::from);
        let mean = wide.select(ndarray::Axis(0), train).mean_axis(ndarray::Axis(0)).unwrap();
        let centred = wide - &mean;
        centred.dot(&centred.t())
    }

    #[test]
    fn block_sums_and_centring_equal_the_definition() {
        let train: Vec<usize> = (0..300).filter(|row| row % 3 != 0).collect();
        // Rows that hardly differ beside their mean need 64 bits, whatever is asked for.
        for (mean, asked, used, tolerance) in [
            (0.0, Precision::Single, Precision::Single, 1e-5),
            (1000.0, Precision::Double, Precision::Double, 1e-6),
            (1000.0, Precision::Single, Precision::Double, 1e-6),
        ] {
            let x = noisy(300, 700, mean);
            let gram = Gram::of(raw(x.view()), asked, tch::Device::Cpu, &mut |_, _| ());
            assert_eq!(gram.precision, used);
            let got = crate::math::tensor::wide_vec(&gram.to_train(&train));
            let expected = centred_products(&x, &train).select(ndarray::Axis(1), &train);
            let worst = got.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(worst < tolerance * 700.0 / 12.0, "{mean} {asked:?}: {worst}");
        }
    }

    #[test]
    fn a_row_enters_its_own_products_alone() {
        let x = noisy(300, 9000, 0.5);
        let mut other = x.clone();
        other.row_mut(17).fill(1e3);
        let others: Vec<usize> = (0..300).filter(|&row| row != 17).collect();
        for precision in [Precision::Single, Precision::Double] {
            let of = |x: &Array2<f32>| {
                let gram = Gram::of(raw(x.view()), precision, tch::Device::Cpu, &mut |_, _| ());
                assert_eq!(gram.precision, precision);
                crate::math::tensor::wide_vec(&rows(&gram.to_train(&others), &others))
            };
            assert!(of(&x) == of(&other), "{precision:?}");
        }
    }

    #[test]
    fn row_sums_are_the_same_alone_and_beside_products() {
        let x = noisy(37, 9000, 3.0);
        for precision in [Precision::Single, Precision::Double] {
            let (_, sums) = Gram::with_sums(raw(x.view()), precision, tch::Device::Cpu, &mut |_, _| ());
            assert_eq!(sums, row_sums(raw(x.view())));
        }
        for (row, sum) in row_sums(raw(x.view())).iter().enumerate() {
            let right: f64 = x.row(row).iter().map(|&number| f64::from(number)).sum();
            assert!((sum / right - 1.0).abs() < 1e-13, "{row}: {sum} for {right}");
        }
    }

    #[test]
    fn equal_input_gives_equal_bytes() {
        let x = noisy(120, 9000, 0.0);
        let twice: Vec<Vec<f64>> = (0..2)
            .map(|_| {
                let gram = Gram::of(raw(x.view()), Precision::Single, tch::Device::Cpu, &mut |_, _| ());
                crate::math::tensor::wide_vec(&gram.products)
            })
            .collect();
        assert_eq!(twice[0], twice[1]);
    }
}
