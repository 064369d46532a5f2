//! How pictures of any shape come to one size: squashed, cropped or padded, rounded as torchvision's transforms round.
//!
//! `crop` is `Resize(resize)` and `CenterCrop(size)`: the shorter side becomes `resize`, the longer `⌊resize · long / short⌋`, and the
//! middle is cut out, `round((length − size) / 2)` from the edge, halves to even. `pad` is `Resize(None, max_size=size)` and
//! `CenterCrop(size)`: the longer side becomes `size`, and black stands `⌊(size − length) / 2⌋` before the shorter and behind it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::resize::{self, Axis, Interpolation};

/// What becomes of a picture that has not the shape that is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// It is squashed: height and width shrink apart.
    #[default]
    Squash,
    /// Its middle is taken.
    Crop,
    /// It gets black borders.
    Pad,
}

/// How pictures come to one size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizing {
    pub fit: Fit,
    /// The shorter side before the crop; none: the side of the crop.
    pub resize: Option<usize>,
    pub interpolation: Interpolation,
}

impl Sizing {
    /// Whether it is what was before there was a choice.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Brings an 8-bit RGB picture, height × width × 3, from one (height, width) to another.
    pub fn rgb8(&self, picture: &[u8], from: (usize, usize), to: (usize, usize)) -> Vec<u8> {
        let scaled = match self.fit {
            Fit::Squash => to,
            Fit::Crop => shorter_to(from, self.resize.unwrap_or(to.0.min(to.1))),
            Fit::Pad => longer_to(from, to.0.min(to.1)),
        };
        let (top, down) = framed(from.0, scaled.0, to.0);
        let (left, across) = framed(from.1, scaled.1, to.1);
        let part = resize::rgb8_part(picture, down, across, self.interpolation);
        if (down.length, across.length) == to {
            return part;
        }
        let mut out = vec![0; to.0 * to.1 * 3];
        let rows = out.chunks_exact_mut(to.1 * 3).skip(top);
        for (to, row) in rows.zip(part.chunks_exact(across.length * 3)) {
            to[left * 3..left * 3 + row.len()].copy_from_slice(row);
        }
        out
    }
}

/// (height, width) whose shorter side is `side`, in the proportions of another.
fn shorter_to((height, width): (usize, usize), side: usize) -> (usize, usize) {
    if height <= width { (side, side * width / height) } else { (side * height / width, side) }
}

/// (height, width) whose longer side is `side`, in the proportions of another.
fn longer_to((height, width): (usize, usize), side: usize) -> (usize, usize) {
    if height <= width { ((side * height / width).max(1), side) } else { (side, (side * width / height).max(1)) }
}

/// One axis: what stands before the picture, and which part of the picture is seen.
fn framed(input: usize, scaled: usize, length: usize) -> (usize, Axis) {
    if scaled <= length {
        return ((length - scaled) / 2, Axis::whole(input, scaled));
    }
    let over = scaled - length;
    // Halves go to the even neighbour, as Python's `round` takes them.
    let start = over / 2 + usize::from(over % 4 == 3);
    (0, Axis { start, length, ..Axis::whole(input, scaled) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::archive;

    /// Made by `tests/fixtures/make_sized.py` with Pillow, by torchvision's rules.
    #[test]
    fn pictures_come_out_as_torchvision_s_transforms_make_them() {
        let members = archive("sized.zip");
        let mut compared = 0;
        for (name, wanted) in &members {
            let (size, how) = name.split_once('/').unwrap();
            let number = |text: &str| text.parse::<usize>().unwrap();
            let from = size.split_once('x').map(|(height, width)| (number(height), number(width))).unwrap();
            let &[fit, side, resize, interpolation] = &how.split('_').collect::<Vec<_>>()[..] else { continue };
            let sizing = Sizing {
                fit: serde_json::from_value(fit.into()).unwrap(),
                resize: Some(number(resize)).filter(|&side| side > 0),
                interpolation: serde_json::from_value(interpolation.into()).unwrap(),
            };
            let side = number(side);
            let made = sizing.rgb8(&members[&format!("{size}/picture")], from, (side, side));
            assert!(made == *wanted, "{name}");
            compared += 1;
        }
        assert!(compared > 30, "{compared}");
    }

    #[test]
    fn a_sliver_asks_for_no_more_than_what_is_seen() {
        let sliver = vec![7; 200_000 * 3];
        let sizing = Sizing { fit: Fit::Crop, resize: Some(4096), ..Sizing::default() };
        assert_eq!(sizing.rgb8(&sliver, (200_000, 1), (2, 2)), [7; 12]);
        let padded = Sizing { fit: Fit::Pad, ..Sizing::default() }.rgb8(&sliver, (1, 200_000), (3, 3));
        assert_eq!(padded[9..18], [7; 9]);
        assert_eq!((&padded[..9], &padded[18..]), (&[0; 9][..], &[0; 9][..]));
    }
}
