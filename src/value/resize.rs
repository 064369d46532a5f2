//! Bilinear resizing as Pillow does it: a triangle filter, widened when shrinking, one axis after the other.
//!
//! `output[x] = Σ_i k[x, i] · input[i]`, where `k[x, i] ∝ max(0, 1 − |(i + ½ − (x + ½)·s) / max(s, 1)|)`, `Σ_i k[x, i] = 1`
//! and `s = input length / output length`. 8-bit pictures are rounded after each axis, with weights in fixed point, as in
//! Pillow's `Resample.c`, so that the bytes are equal. Rows are resized before columns, always; Pillow 13 takes the other
//! order where height shrinks more than width, which moves a byte by one here and there.

/// Bits behind the point of 8-bit weights: 32 less 8 of the pixel and 2 of headroom.
const PRECISION: u32 = 22;

/// The weights of one output position: input positions `from..from + weights.len()`.
struct Window {
    from: usize,
    weights: Vec<f64>,
}

/// Resizes an 8-bit RGB picture, height × width × 3, to another (height, width).
pub fn rgb8(picture: &[u8], from: (usize, usize), to: (usize, usize)) -> Vec<u8> {
    assert_eq!(picture.len(), from.0 * from.1 * 3, "height × width × 3");
    let wide = if from.1 == to.1 { picture.to_vec() } else { across8(picture, from, to.1) };
    if from.0 == to.0 { wide } else { down8(&wide, from.0, to.1 * 3, to.0) }
}

/// Resizes a plane of floats, height × width, to another (height, width), without rounding.
pub fn plane(picture: &[f32], from: (usize, usize), to: (usize, usize)) -> Vec<f32> {
    assert_eq!(picture.len(), from.0 * from.1, "height × width");
    let wide = if from.1 == to.1 { picture.to_vec() } else { across(picture, from, to.1) };
    if from.0 == to.0 { wide } else { down(&wide, from.0, to.1, to.0) }
}

fn windows(input: usize, output: usize) -> Vec<Window> {
    let scale = input as f64 / output as f64;
    let support = scale.max(1.0);
    (0..output)
        .map(|x| {
            let centre = (x as f64 + 0.5) * scale;
            let from = (centre - support + 0.5).max(0.0) as usize;
            let to = ((centre + support + 0.5) as usize).min(input);
            let triangle = |i: usize| (1.0 - ((i as f64 - centre + 0.5) / support).abs()).max(0.0);
            let mut weights: Vec<f64> = (from..to).map(triangle).collect();
            let sum: f64 = weights.iter().sum();
            if sum != 0.0 {
                weights.iter_mut().for_each(|w| *w /= sum);
            }
            Window { from, weights }
        })
        .collect()
}

fn fixed(window: &Window) -> Vec<i32> {
    window.weights.iter().map(|w| (w * f64::from(1_u32 << PRECISION) + 0.5) as i32).collect()
}

fn across8(picture: &[u8], from: (usize, usize), width: usize) -> Vec<u8> {
    let windows: Vec<(usize, Vec<i32>)> = windows(from.1, width).iter().map(|w| (w.from * 3, fixed(w))).collect();
    let mut out = Vec::with_capacity(from.0 * width * 3);
    for row in picture.chunks_exact(from.1 * 3) {
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

fn down8(picture: &[u8], rows: usize, width: usize, height: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(height * width);
    let mut sums = vec![0_i32; width];
    for window in windows(rows, height) {
        sums.fill(1 << (PRECISION - 1));
        for (row, &weight) in picture[window.from * width..].chunks_exact(width).zip(&fixed(&window)) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += i32::from(value) * weight;
            }
        }
        out.extend(sums.iter().map(|sum| (sum >> PRECISION).clamp(0, 255) as u8));
    }
    out
}

fn across(picture: &[f32], from: (usize, usize), width: usize) -> Vec<f32> {
    let windows = windows(from.1, width);
    let mut out = Vec::with_capacity(from.0 * width);
    for row in picture.chunks_exact(from.1) {
        out.extend(windows.iter().map(|window| {
            let terms = row[window.from..].iter().zip(&window.weights);
            terms.map(|(&value, &weight)| f64::from(value) * weight).sum::<f64>() as f32
        }));
    }
    out
}

fn down(picture: &[f32], rows: usize, width: usize, height: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(height * width);
    let mut sums = vec![0_f64; width];
    for window in windows(rows, height) {
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
            assert_eq!(rgb8(&case.picture, case.from, case.to), case.resized, "{:?} → {:?}", case.from, case.to);
            for (ours, theirs) in plane(&case.plane, case.from, case.to).iter().zip(&case.floats) {
                assert!((ours - theirs).abs() < 1e-6, "{ours} {theirs}");
            }
        }
    }
}
