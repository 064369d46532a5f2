//! Resizing as Pillow does it: a filter, widened when shrinking, one axis after the other.
//!
//! `output[x] = Σ_i k[x, i] · input[i]`, where `k[x, i] ∝ filter((i + ½ − (x + ½)·s) / max(s, 1))`, `Σ_i k[x, i] = 1`
//! and `s = input length / output length`; the filter is a triangle, `max(0, 1 − |t|)`, or Keys' cubic (1981, eq. 15) with
//! a = −½. 8-bit pictures are rounded after each axis, with weights in fixed point, as in Pillow's `Resample.c`, so that the
//! bytes are equal. Rows are resized before columns, always, as Pillow does up to version 12; Pillow 13 takes the other
//! order where height shrinks more than width, which moves a byte by one here and there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bits behind the point of 8-bit weights: 32 less 8 of the pixel and 2 of headroom.
const PRECISION: u32 = 22;

/// Out of which pixels one between them is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// The nearest two along an axis.
    #[default]
    Bilinear,
    /// The nearest four along an axis.
    Bicubic,
}

/// One axis of a resizing: `input` positions become `output`, of which `length` from `start` on are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    pub input: usize,
    pub output: usize,
    pub start: usize,
    pub length: usize,
}

/// The weights of one output position: input positions `from..from + weights.len()`.
struct Window {
    from: usize,
    weights: Vec<f64>,
}

/// Resizes an 8-bit RGB picture, height × width × 3, to another (height, width).
pub fn rgb8(picture: &[u8], from: (usize, usize), to: (usize, usize), how: Interpolation) -> Vec<u8> {
    rgb8_part(picture, Axis::whole(from.0, to.0), Axis::whole(from.1, to.1), how)
}

/// A part of what `rgb8` would make: the bytes are the same, and only those of the part are computed. `down` is the axis of rows.
pub fn rgb8_part(picture: &[u8], down: Axis, across: Axis, how: Interpolation) -> Vec<u8> {
    assert_eq!(picture.len(), down.input * across.input * 3, "height × width × 3");
    let mut rows = down.windows(how);
    let first = rows.first().map_or(0, |window| window.from);
    let last = rows.iter().map(|window| window.from + window.weights.len()).max().unwrap_or(0);
    rows.iter_mut().for_each(|window| window.from -= first);
    let picture = &picture[first * across.input * 3..last * across.input * 3];
    let wide = if across.is_plain() { picture.to_vec() } else { across8(picture, across, how) };
    if down.is_plain() { wide } else { down8(&wide, &rows, across.length * 3) }
}

/// Resizes a plane of floats, height × width, to another (height, width), bilinear, without rounding.
pub fn plane(picture: &[f32], from: (usize, usize), to: (usize, usize)) -> Vec<f32> {
    assert_eq!(picture.len(), from.0 * from.1, "height × width");
    let wide = if from.1 == to.1 { picture.to_vec() } else { across_floats(picture, from, to.1) };
    if from.0 == to.0 { wide } else { down_floats(&wide, from.0, to.1, to.0) }
}

impl Axis {
    /// All positions.
    pub fn whole(input: usize, output: usize) -> Self {
        Self { input, output, start: 0, length: output }
    }

    /// Whether what comes out is what goes in.
    fn is_plain(self) -> bool {
        self.input == self.output && self.length == self.output
    }

    fn windows(self, how: Interpolation) -> Vec<Window> {
        let positions = self.start..self.start + self.length;
        if self.input == self.output {
            return positions.map(|from| Window { from, weights: vec![1.0] }).collect();
        }
        let scale = self.input as f64 / self.output as f64;
        let widened = scale.max(1.0);
        let support = how.support() * widened;
        positions
            .map(|x| {
                let centre = (x as f64 + 0.5) * scale;
                let from = (centre - support + 0.5).max(0.0) as usize;
                let to = ((centre + support + 0.5) as usize).min(self.input);
                let mut weights: Vec<f64> =
                    (from..to).map(|i| how.weight((i as f64 - centre + 0.5) / widened)).collect();
                let sum: f64 = weights.iter().sum();
                if sum != 0.0 {
                    weights.iter_mut().for_each(|w| *w /= sum);
                }
                Window { from, weights }
            })
            .collect()
    }
}

impl Interpolation {
    /// How far a pixel reaches.
    fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    fn weight(self, distance: f64) -> f64 {
        let t = distance.abs();
        match self {
            Self::Bilinear => (1.0 - t).max(0.0),
            Self::Bicubic if t < 1.0 => (1.5 * t - 2.5) * t * t + 1.0,
            Self::Bicubic if t < 2.0 => (((t - 5.0) * t + 8.0) * t - 4.0) * -0.5,
            Self::Bicubic => 0.0,
        }
    }
}

/// Weights in fixed point, rounded away from zero at a half.
fn fixed(window: &Window) -> Vec<i32> {
    let scaled = window.weights.iter().map(|w| w * f64::from(1_u32 << PRECISION));
    scaled.map(|w| (if w < 0.0 { w - 0.5 } else { w + 0.5 }) as i32).collect()
}

fn across8(picture: &[u8], axis: Axis, how: Interpolation) -> Vec<u8> {
    let windows: Vec<(usize, Vec<i32>)> = axis.windows(how).iter().map(|w| (w.from * 3, fixed(w))).collect();
    let mut out = Vec::with_capacity(picture.len() / axis.input * axis.length);
    for row in picture.chunks_exact(axis.input * 3) {
        for (start, weights) in &windows {
            let mut sum = [1_i32 << (PRECISION - 1); 3];
            for (pixel, &weight) in row[*start..].chunks_exact(3).zip(weights) {
                for (sum, &value) in sum.iter_mut().zip(pixel) {
                    *sum += i32::from(value) * weight;
                }
            }
            out.extend(sum.map(|sum| (sum >> PRECISION).clamp(0, 255) as u8));
        }
    }
    out
}

fn down8(picture: &[u8], rows: &[Window], width: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(rows.len() * width);
    let mut sums = vec![0_i32; width];
    for window in rows {
        sums.fill(1 << (PRECISION - 1));
        for (row, &weight) in picture[window.from * width..].chunks_exact(width).zip(&fixed(window)) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += i32::from(value) * weight;
            }
        }
        out.extend(sums.iter().map(|sum| (sum >> PRECISION).clamp(0, 255) as u8));
    }
    out
}

fn across_floats(picture: &[f32], from: (usize, usize), width: usize) -> Vec<f32> {
    let windows = Axis::whole(from.1, width).windows(Interpolation::Bilinear);
    let mut out = Vec::with_capacity(from.0 * width);
    for row in picture.chunks_exact(from.1) {
        out.extend(windows.iter().map(|window| {
            let terms = row[window.from..].iter().zip(&window.weights);
            terms.map(|(&value, &weight)| f64::from(value) * weight).sum::<f64>() as f32
        }));
    }
    out
}

fn down_floats(picture: &[f32], rows: usize, width: usize, height: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(height * width);
    let mut sums = vec![0_f64; width];
    for window in Axis::whole(rows, height).windows(Interpolation::Bilinear) {
        sums.fill(0.0);
        for (row, &weight) in picture[window.from * width..].chunks_exact(width).zip(&window.weights) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += f64::from(value) * weight;
            }
        }
        out.extend(sums.iter().map(|&sum| sum as f32));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    /// Made by `tests/fixtures/make_resized.py` with Pillow.
    #[derive(Deserialize)]
    struct Case {
        from: (usize, usize),
        to: (usize, usize),
        picture: Vec<u8>,
        resized: Vec<u8>,
        plane: Vec<f32>,
        floats: Vec<f32>,
    }

    #[test]
    fn pictures_come_out_as_pillow_makes_them() {
        let text = std::fs::read_to_string(crate::formats::fixtures::fixture("resized.json")).unwrap();
        let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
        assert!(cases.len() >= 8);
        for case in cases {
            let ours = rgb8(&case.picture, case.from, case.to, Interpolation::Bilinear);
            assert_eq!(ours, case.resized, "{:?} → {:?}", case.from, case.to);
            for (ours, theirs) in plane(&case.plane, case.from, case.to).iter().zip(&case.floats) {
                assert!((ours - theirs).abs() < 1e-6, "{ours} {theirs}");
            }
        }
    }

    #[test]
    fn a_part_is_the_same_as_out_of_the_whole() {
        let picture: Vec<u8> = (0..9 * 14 * 3).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for (to, how) in [((6, 9), Interpolation::Bilinear), ((13, 14), Interpolation::Bicubic)] {
            let whole = rgb8(&picture, (9, 14), to, how);
            let down = Axis { start: 2, length: 3, ..Axis::whole(9, to.0) };
            let across = Axis { start: 1, length: 5, ..Axis::whole(14, to.1) };
            let rows = whole.chunks_exact(to.1 * 3).skip(2).take(3);
            let part: Vec<u8> = rows.flat_map(|row| row[3..18].to_vec()).collect();
            assert_eq!(rgb8_part(&picture, down, across, how), part, "{how:?}");
        }
    }
}
