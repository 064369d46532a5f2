//! Winograd's minimal filtering F(4 × 4, 3 × 3): convolutions of 3 × 3 with a quarter of the multiplications.
//!
//! Lavin and Gray 2016 (arXiv:1509.09308), equation 13: a tile of outputs is
//!
//! Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A,    g: 3 × 3 filter, d: 6 × 6 inputs, Y: 4 × 4,
//!
//! where ⊙, summed over channels, is one matrix product per place of the 6 × 6: tiles × inputs by inputs × outputs.
//! Theirs interpolates at 0, ±1, ±2 and ∞; ours at 0, ±√½, ±√2 and ∞, whose powers differ less, which cuts what rounding
//! adds to a third (Barabasz et al. 2020, arXiv:1803.10986, on the choice of points).
//!
//! Every thread takes some rows of tiles through all three steps, so that what lies between them stays in its cache. Each
//! sum is taken in the order of the channels, whatever stands beside it: results are the same in any batch.

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

/// The sides of a tile of outputs, of what it reads, and of a filter.
const OUT: usize = 4;
const IN: usize = 6;
const FILTER: usize = 3;
/// Places of a transformed tile, each a matrix of its own.
const PLANES: usize = IN * IN;
/// Outputs whose weights lie together, two registers.
const PANEL: usize = 16;
/// Channels of inputs come in multiples of a register.
const LANES: usize = 8;
/// Tiles that a thread takes at a time: enough that reading the weights costs little, few enough for the cache.
const TILES: usize = 72;

/// Filters G g Gᵀ, worked out in 64 bits.
pub struct Filters {
    /// 36 × outputs/16 × inputs × 16.
    numbers: Vec<f32>,
    inputs: usize,
    outputs: usize,
}

/// Maps, count × height × width × channels, and the zeros around them, above and below, left and right.
#[derive(Clone, Copy)]
pub struct Maps<'a> {
    pub numbers: &'a [f32],
    pub height: usize,
    pub width: usize,
    pub padding: [usize; 2],
}

/// Whether this processor has the instructions, and the channels the form.
pub fn works(inputs: usize, outputs: usize) -> bool {
    #[cfg(target_arch = "x86_64")]
    let known = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    let known = false;
    known && inputs.is_multiple_of(LANES) && outputs.is_multiple_of(PANEL)
}

/// Bytes of the filters of a convolution, and of what each thread holds on maps of a width.
pub fn needed(inputs: usize, outputs: usize, width: usize) -> [usize; 2] {
    [inputs * outputs, TILES.max(width.div_ceil(OUT)) * (inputs + outputs)].map(|numbers| 4 * PLANES * numbers)
}

impl Filters {
    /// Takes outputs × inputs × 3 × 3.
    pub fn new(weight: &[f32], inputs: usize, outputs: usize) -> Self {
        let mut numbers = vec![0.0; PLANES * inputs * outputs];
        let planes = numbers.chunks_exact_mut(inputs * outputs).collect::<Vec<_>>().into_par_iter();
        planes.enumerate().for_each(|(plane, numbers)| {
            let (a, b) = (points()[plane / IN], points()[plane % IN]);
            for (at, number) in numbers.iter_mut().enumerate() {
                let (panel, input, lane) = (at / (inputs * PANEL), at / PANEL % inputs, at % PANEL);
                let filter = &weight[((panel * PANEL + lane) * inputs + input) * FILTER * FILTER..];
                let mut sum = 0.0;
                for (i, a) in a.iter().enumerate() {
                    for (j, b) in b.iter().enumerate() {
                        sum += a * b * f64::from(filter[i * FILTER + j]);
                    }
                }
                *number = sum as f32;
            }
        });
        Self { numbers, inputs, outputs }
    }

    /// The convolution with stride 1 plus a bias, to count × height × width × outputs.
    ///
    /// Panics where `works` says no.
    pub fn convolve(&self, maps: Maps<'_>, bias: &[f32], out: &mut [f32]) {
        let Maps { numbers, height, width, padding } = maps;
        assert!(works(self.inputs, self.outputs), "the caller asked whether it works");
        let [high, wide] = [height + 2 * padding[0] + 1 - FILTER, width + 2 * padding[1] + 1 - FILTER];
        let [down, across] = [high.div_ceil(OUT), wide.div_ceil(OUT)];
        let image = height * width * self.inputs;
        // Rows of tiles with their lines of the output.
        let lines = out.chunks_exact_mut(high * wide * self.outputs);
        let mut rows: Vec<(usize, &mut [f32])> =
            lines.flat_map(|out| out.chunks_mut(OUT * wide * self.outputs)).enumerate().collect();
        let fair = rows.len().div_ceil(rayon::current_num_threads());
        let together = (TILES / across).clamp(1, fair.max(1));
        let parts: Vec<_> = rows.chunks_mut(together).collect();
        parts.into_par_iter().for_each_init(
            || [self.inputs, self.outputs].map(|channels| vec![0.0; PLANES * together * across * channels]),
            |[taken, products], rows| {
                let tiles = rows.len() * across;
                let [taken, products] =
                    [&mut taken[..PLANES * tiles * self.inputs], &mut products[..PLANES * tiles * self.outputs]];
                for (at, (row, _)) in rows.iter().enumerate() {
                    let numbers = &numbers[row / down * image..][..image];
                    let part = &mut taken[at * across * self.inputs..];
                    steps::scatter(Maps { numbers, ..maps }, self.inputs, row % down, across, part, tiles);
                }
                steps::multiply(taken, &self.numbers, products, tiles, self.inputs);
                for (at, (_, out)) in rows.iter_mut().enumerate() {
                    steps::gather(&products[at * across * self.outputs..], tiles, bias, wide, out);
                }
            },
        );
    }
}

/// G: row a has 1, a, a² over the product of a's differences from the other points.
fn points() -> [[f64; FILTER]; IN] {
    let (h, s) = (std::f64::consts::FRAC_1_SQRT_2, std::f64::consts::SQRT_2);
    [
        [1.0, 0.0, 0.0],
        [-2.0 / 3.0, -2.0 / 3.0 * h, -1.0 / 3.0],
        [-2.0 / 3.0, 2.0 / 3.0 * h, -1.0 / 3.0],
        [1.0 / 6.0, s / 6.0, 1.0 / 3.0],
        [1.0 / 6.0, -s / 6.0, 1.0 / 3.0],
        [0.0, 0.0, 1.0],
    ]
}

/// The steps in registers of eight floats, which the compiler does not find by itself: it takes channels one by one, ten
/// times as slowly.
#[cfg(target_arch = "x86_64")]
// Arrays are walked together, by the formulas' indices.
#[allow(clippy::needless_range_loop)]
mod steps {
    use std::arch::x86_64::{
        __m256, _mm256_add_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_mul_ps, _mm256_set1_ps, _mm256_setzero_ps,
        _mm256_storeu_ps, _mm256_sub_ps,
    };

    use super::{IN, LANES, Maps, OUT, PANEL, PLANES};

    /// Tiles whose sums fill the registers.
    const ROWS: usize = 6;
    /// √½ and √2.
    const H: f32 = std::f32::consts::FRAC_1_SQRT_2;
    const S: f32 = std::f32::consts::SQRT_2;

    /// Bᵀ d B of a row of tiles, for each channel: to 36 planes, each of so many tiles × channels.
    pub fn scatter(maps: Maps<'_>, channels: usize, row: usize, across: usize, out: &mut [f32], tiles: usize) {
        // SAFETY: `works` found the instructions.
        unsafe { scatter_avx(maps, channels, row, across, out, tiles) }
    }

    /// 36 products of tiles × inputs by inputs × outputs, the latter as `Filters` has them.
    pub fn multiply(taken: &[f32], filters: &[f32], products: &mut [f32], tiles: usize, inputs: usize) {
        // SAFETY: as above.
        unsafe { multiply_avx(taken, filters, products, tiles, inputs) }
    }

    /// Aᵀ m A of a row of tiles, plus the bias, to the lines of the output that are there, lines × width × channels.
    pub fn gather(products: &[f32], tiles: usize, bias: &[f32], width: usize, out: &mut [f32]) {
        // SAFETY: as above.
        unsafe { gather_avx(products, tiles, bias, width, out) }
    }

    #[target_feature(enable = "avx2,fma")]
    fn scatter_avx(maps: Maps<'_>, channels: usize, row: usize, across: usize, out: &mut [f32], tiles: usize) {
        let Maps { numbers, height, width, padding: [above, left] } = maps;
        for tile in 0..across {
            // Where each of the tile's pixels begins; none in the padding.
            let mut places = [[None; IN]; IN];
            for (i, places) in places.iter_mut().enumerate() {
                for (j, place) in places.iter_mut().enumerate() {
                    let (y, x) = ((row * OUT + i).wrapping_sub(above), (tile * OUT + j).wrapping_sub(left));
                    *place = (y < height && x < width).then(|| (y * width + x) * channels);
                }
            }
            for from in (0..channels).step_by(LANES) {
                let mut half = [[_mm256_setzero_ps(); IN]; IN];
                for j in 0..IN {
                    let mut column = [_mm256_setzero_ps(); IN];
                    for i in 0..IN {
                        if let Some(place) = places[i][j] {
                            column[i] = read(&numbers[place + from..]);
                        }
                    }
                    half[j] = inputs(column);
                }
                for i in 0..IN {
                    let mut line = [_mm256_setzero_ps(); IN];
                    for j in 0..IN {
                        line[j] = half[j][i];
                    }
                    let line = inputs(line);
                    for j in 0..IN {
                        write(line[j], &mut out[((i * IN + j) * tiles + tile) * channels + from..]);
                    }
                }
            }
        }
    }

    #[target_feature(enable = "avx2,fma")]
    fn gather_avx(products: &[f32], tiles: usize, bias: &[f32], width: usize, out: &mut [f32]) {
        let channels = bias.len();
        let lines = out.len() / (width * channels);
        for tile in 0..width.div_ceil(OUT) {
            for from in (0..channels).step_by(LANES) {
                let mut half = [[_mm256_setzero_ps(); OUT]; IN];
                for j in 0..IN {
                    let mut column = [_mm256_setzero_ps(); IN];
                    for i in 0..IN {
                        column[i] = read(&products[((i * IN + j) * tiles + tile) * channels + from..]);
                    }
                    half[j] = outputs(column);
                }
                let bias = read(&bias[from..]);
                for y in 0..lines.min(OUT) {
                    let mut line = [_mm256_setzero_ps(); IN];
                    for j in 0..IN {
                        line[j] = half[j][y];
                    }
                    let line = outputs(line);
                    for j in 0..OUT.min(width - tile * OUT) {
                        let at = (y * width + tile * OUT + j) * channels + from;
                        write(_mm256_add_ps(line[j], bias), &mut out[at..]);
                    }
                }
            }
        }
    }

    #[target_feature(enable = "avx2,fma")]
    fn multiply_avx(taken: &[f32], filters: &[f32], products: &mut [f32], tiles: usize, inputs: usize) {
        let outputs = filters.len() / (PLANES * inputs);
        let planes = taken.chunks_exact(tiles * inputs).zip(filters.chunks_exact(inputs * outputs));
        for ((taken, filters), products) in planes.zip(products.chunks_exact_mut(tiles * outputs)) {
            for (at, panel) in filters.chunks_exact(inputs * PANEL).enumerate() {
                for (rows, products) in taken.chunks(ROWS * inputs).zip(products.chunks_mut(ROWS * outputs)) {
                    let products = &mut products[at * PANEL..];
                    match rows.len() / inputs {
                        1 => sums::<1>(rows, panel, products, inputs, outputs),
                        2 => sums::<2>(rows, panel, products, inputs, outputs),
                        3 => sums::<3>(rows, panel, products, inputs, outputs),
                        4 => sums::<4>(rows, panel, products, inputs, outputs),
                        5 => sums::<5>(rows, panel, products, inputs, outputs),
                        _ => sums::<ROWS>(rows, panel, products, inputs, outputs),
                    }
                }
            }
        }
    }

    /// Some tiles × inputs by inputs × 16, to lines that lie `outputs` apart.
    #[target_feature(enable = "avx2,fma")]
    fn sums<const R: usize>(rows: &[f32], panel: &[f32], products: &mut [f32], inputs: usize, outputs: usize) {
        let mut sums = [[_mm256_setzero_ps(); 2]; R];
        let mut lines = [rows; R];
        for r in 0..R {
            lines[r] = &rows[r * inputs..][..inputs];
        }
        for (c, weights) in (0..inputs).zip(panel.chunks_exact(PANEL)) {
            let (left, right) = (read(weights), read(&weights[LANES..]));
            for r in 0..R {
                let number = _mm256_set1_ps(lines[r][c]);
                sums[r][0] = _mm256_fmadd_ps(number, left, sums[r][0]);
                sums[r][1] = _mm256_fmadd_ps(number, right, sums[r][1]);
            }
        }
        for r in 0..R {
            write(sums[r][0], &mut products[r * outputs..]);
            write(sums[r][1], &mut products[r * outputs + LANES..]);
        }
    }

    /// Bᵀ d: row a has the coefficients of the polynomial that vanishes at all points but a.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn inputs(d: [__m256; IN]) -> [__m256; IN] {
        let (near, at_near) = (less(d[4], 2.0, d[2]), less(times(H, d[3]), S, d[1]));
        let (far, at_far) = (less(d[4], 0.5, d[2]), less(times(S, d[3]), H, d[1]));
        [
            _mm256_add_ps(less(d[0], 2.5, d[2]), d[4]),
            _mm256_add_ps(near, at_near),
            _mm256_sub_ps(near, at_near),
            _mm256_add_ps(far, at_far),
            _mm256_sub_ps(far, at_far),
            _mm256_add_ps(less(d[1], 2.5, d[3]), d[5]),
        ]
    }

    /// Aᵀ m: row k has the points' powers k.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn outputs(m: [__m256; IN]) -> [__m256; OUT] {
        let (near, at_near) = (_mm256_add_ps(m[1], m[2]), _mm256_sub_ps(m[1], m[2]));
        let (far, at_far) = (_mm256_add_ps(m[3], m[4]), _mm256_sub_ps(m[3], m[4]));
        [
            _mm256_add_ps(_mm256_add_ps(m[0], near), far),
            less(times(H, at_near), -S, at_far),
            less(times(0.5, near), -2.0, far),
            _mm256_add_ps(less(times(0.5 * H, at_near), -2.0 * S, at_far), m[5]),
        ]
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn times(factor: f32, x: __m256) -> __m256 {
        _mm256_mul_ps(_mm256_set1_ps(factor), x)
    }

    /// x − factor · y.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn less(x: __m256, factor: f32, y: __m256) -> __m256 {
        _mm256_fmadd_ps(_mm256_set1_ps(-factor), y, x)
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn read(from: &[f32]) -> __m256 {
        let eight = from.first_chunk::<LANES>().expect("channels come in registers");
        // SAFETY: there are eight floats.
        unsafe { _mm256_loadu_ps(eight.as_ptr()) }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn write(lanes: __m256, to: &mut [f32]) {
        let eight = to.first_chunk_mut::<LANES>().expect("channels come in registers");
        // SAFETY: there is room for eight floats.
        unsafe { _mm256_storeu_ps(eight.as_mut_ptr(), lanes) };
    }
}

/// Other processors have none of it; `works` says so.
#[cfg(not(target_arch = "x86_64"))]
mod steps {
    use super::Maps;

    pub fn scatter(_: Maps<'_>, _: usize, _: usize, _: usize, _: &mut [f32], _: usize) {
        unreachable!("`works` says no");
    }

    pub fn multiply(_: &[f32], _: &[f32], _: &mut [f32], _: usize, _: usize) {
        unreachable!("`works` says no");
    }

    pub fn gather(_: &[f32], _: usize, _: &[f32], _: usize, _: &mut [f32]) {
        unreachable!("`works` says no");
    }
}
