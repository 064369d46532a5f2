//! What the units' first layer sees: local contrast energy by scale, orientation, colour and place.
//!
//! A complex cell: √((x ∗ even)² + (x ∗ odd)²) with a Gabor pair, pooled over a cell of a coarse grid, divided by the
//! mean energy of its scale in the picture. It does not change when a contour's polarity or the light does, so pixels
//! cannot give it linearly.

use crate::nodes::data::synthetic::numbers::{cosine, sine};
use crate::value::resize;

/// Pictures are seen at this side, whatever theirs is.
const SIDE: usize = 64;
const SCALES: usize = 3;
const ORIENTATIONS: usize = 4;
/// Energies are pooled over a grid of this side.
pub const GRID: usize = 4;
/// Luminance by scale and orientation, then two colour contrasts.
pub const CHANNELS: usize = SCALES * ORIENTATIONS + 2;

const REACH: i32 = 4;
const TAPS: usize = (2 * REACH + 1) as usize;
/// Pixels a period.
const WAVELENGTH: f64 = 5.0;

/// The bank of filters.
pub struct Filters {
    /// Even and odd kernels by orientation, row-major.
    pairs: Vec<[Vec<f32>; 2]>,
}

impl Filters {
    /// Gabor filters under a smooth window of finite reach.
    pub fn new() -> Self {
        let pairs = (0..ORIENTATIONS).map(|at| {
            let turns = at as f64 / (2 * ORIENTATIONS) as f64;
            let (cos, sin) = (cosine(turns), sine(turns));
            let kernel = |wave: fn(f64) -> f64| {
                let mut weights = Vec::with_capacity(TAPS * TAPS);
                let mut windows = Vec::with_capacity(TAPS * TAPS);
                for y in -REACH..=REACH {
                    for x in -REACH..=REACH {
                        let (x, y, reach) = (f64::from(x), f64::from(y), f64::from(REACH) + 0.5);
                        let inside = (1.0 - (x * x + y * y) / (reach * reach)).max(0.0);
                        windows.push(inside * inside);
                        weights.push(inside * inside * wave((x * cos + y * sin) / WAVELENGTH));
                    }
                }
                // No answer to an even grey.
                let level = weights.iter().sum::<f64>() / windows.iter().sum::<f64>();
                weights.iter_mut().zip(&windows).for_each(|(weight, window)| *weight -= level * window);
                let norm = weights.iter().map(|w| w * w).sum::<f64>().sqrt();
                weights.into_iter().map(|w| (w / norm) as f32).collect::<Vec<f32>>()
            };
            [kernel(cosine), kernel(sine)]
        });
        Self { pairs: pairs.collect() }
    }

    /// The energies of a picture, `side` × `side` × 3 bytes: `CHANNELS` × `GRID` × `GRID`.
    pub fn energies(&self, picture: &[u8], side: usize) -> Vec<f64> {
        let plane = |weights: [f32; 3]| {
            let mixed: Vec<f32> = picture
                .chunks_exact(3)
                .map(|rgb| rgb.iter().zip(weights).map(|(&x, w)| f32::from(x) / 255.0 * w).sum())
                .collect();
            resize::plane(&mixed, (side, side), (SIDE, SIDE))
        };
        let luminance = plane([0.299, 0.587, 0.114]);
        let mut out = Vec::with_capacity(CHANNELS * GRID * GRID);
        for scale in 0..SCALES {
            let side = SIDE >> scale;
            let level = resize::plane(&luminance, (SIDE, SIDE), (side, side));
            let from = out.len();
            for [even, odd] in &self.pairs {
                out.extend(pooled(&level, side, even, odd));
            }
            normalise(&mut out[from..]);
        }
        for weights in [[1.0, -1.0, 0.0], [-0.5, -0.5, 1.0]] {
            let from = out.len();
            out.extend(colour_contrast(&plane(weights)));
            normalise(&mut out[from..]);
        }
        out
    }
}

fn normalise(energies: &mut [f64]) {
    let mean = energies.iter().sum::<f64>() / energies.len() as f64;
    energies.iter_mut().for_each(|energy| *energy /= mean + 0.06);
}

/// Mean energy in each cell of the grid; the fine scale is looked at in every second place.
fn pooled(level: &[f32], side: usize, even: &[f32], odd: &[f32]) -> Vec<f64> {
    let stride = if side == SIDE { 2 } else { 1 };
    let mut sums = [0.0_f64; GRID * GRID];
    let mut counts = vec![0.0_f64; GRID * GRID];
    for y in (0..side).step_by(stride) {
        for x in (0..side).step_by(stride) {
            let (mut first, mut second) = (0.0_f32, 0.0_f32);
            for tap in 0..TAPS {
                let row = (y + tap).saturating_sub(REACH as usize).min(side - 1) * side;
                for (at, (e, o)) in even[tap * TAPS..].iter().zip(&odd[tap * TAPS..]).take(TAPS).enumerate() {
                    let value = level[row + (x + at).saturating_sub(REACH as usize).min(side - 1)];
                    first += value * e;
                    second += value * o;
                }
            }
            let cell = y * GRID / side * GRID + x * GRID / side;
            sums[cell] += f64::from(first * first + second * second).sqrt();
            counts[cell] += 1.0;
        }
    }
    sums.iter().zip(&counts).map(|(sum, count)| sum / count).collect()
}

/// How far a colour opponent strays from the picture's mean, cell by cell.
fn colour_contrast(plane: &[f32]) -> Vec<f64> {
    let mean = plane.iter().map(|&x| f64::from(x)).sum::<f64>() / plane.len() as f64;
    let mut sums = [0.0_f64; GRID * GRID];
    for (at, &x) in plane.iter().enumerate() {
        let (row, column) = (at / SIDE, at % SIDE);
        sums[row * GRID / SIDE * GRID + column * GRID / SIDE] += (f64::from(x) - mean).abs();
    }
    let area = (plane.len() / (GRID * GRID)) as f64;
    sums.into_iter().map(|sum| sum / area).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grating of a wavelength in pixels, along x or y, of either polarity.
    fn grating(wavelength: usize, along_x: bool, flipped: bool) -> Vec<u8> {
        let pixel = |at: usize| {
            let place = if along_x { at % SIDE } else { at / SIDE };
            let light = (place / (wavelength / 2)).is_multiple_of(2) != flipped;
            [if light { 200 } else { 60 }; 3]
        };
        (0..SIDE * SIDE).flat_map(pixel).collect()
    }

    fn channel(energies: &[f64], channel: usize) -> f64 {
        energies[channel * GRID * GRID..(channel + 1) * GRID * GRID].iter().sum()
    }

    #[test]
    fn filters_prefer_their_orientation_and_scale_and_care_for_no_polarity() {
        let filters = Filters::new();
        let upright = filters.energies(&grating(4, true, false), SIDE);
        assert!(channel(&upright, 0) > 3.0 * channel(&upright, 2), "orientation");
        let flat = filters.energies(&grating(4, false, false), SIDE);
        assert!(channel(&flat, 2) > 3.0 * channel(&flat, 0));
        let flipped = filters.energies(&grating(4, true, true), SIDE);
        for (a, b) in upright.iter().zip(&flipped) {
            assert!((a - b).abs() < 0.15 * a.abs().max(0.3), "{a} {b}");
        }
    }

    #[test]
    fn an_even_picture_has_no_energy() {
        let energies = Filters::new().energies(&vec![128; 32 * 32 * 3], 32);
        assert_eq!(energies.len(), CHANNELS * GRID * GRID);
        assert!(energies.iter().all(|energy| energy.abs() < 1e-3));
    }
}
