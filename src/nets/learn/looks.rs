//! How a training sees its pictures; `math::learn::augment` draws it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::{Fraction, Nonnegative, Share};

/// What is drawn anew for every look at a picture, on train rows alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Looks {
    /// Mirrors every second picture, left and right. Receptive fields see another half then: for responses it seldom helps.
    #[serde(default)]
    pub flip: bool,
    /// Moves by up to so many pixels along either axis; the border is repeated.
    #[serde(default)]
    #[schemars(extend("x-unit" = "pixels"))]
    pub shift: Nonnegative,
    /// Shows a part whose sides are at least this share of the picture's, enlarged to the whole; 1 for all of it.
    #[serde(default = "whole")]
    pub crop: Share,
    /// Multiplies light by 1 ± up to this.
    #[serde(default)]
    pub brightness: Fraction,
}

impl Looks {
    /// Pictures as they are.
    pub fn plain() -> Self {
        Self { flip: false, shift: Nonnegative::default(), crop: whole(), brightness: Fraction::default() }
    }

    /// Whether it leaves pictures as they are.
    pub fn is_plain(&self) -> bool {
        *self == Self::plain()
    }
}

fn whole() -> Share {
    Share::new(1.0)
}
