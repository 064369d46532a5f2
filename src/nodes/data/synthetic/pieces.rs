//! The parts that objects are built of: shapes in their places, with colours.

use crate::nodes::data::synthetic::numbers::{cosine, sine};
use crate::nodes::data::synthetic::shapes::{Point, Shape};

/// Red, green and blue in [0, 1].
pub type Colour = [f64; 3];

/// A shape in its place, with its colour.
#[derive(Clone, Debug)]
pub struct Part {
    pub shape: Shape,
    pub at: Point,
    /// Cosine and sine of the part's own rotation.
    pub turn: Point,
    pub colour: Colour,
    /// How far from the edge the surface is curved; small is flat, large is a ball.
    pub bevel: f64,
}

/// A part in its place, not rotated.
pub fn part(shape: Shape, at: Point, colour: Colour, bevel: f64) -> Part {
    Part { shape, at, turn: (1.0, 0.0), colour, bevel }
}

/// An ellipse around a place, with its half axes.
pub fn ellipse(x: f64, y: f64, a: f64, b: f64, colour: Colour) -> Part {
    part(Shape::Ellipse(a, b), (x, y), colour, a.min(b))
}

/// A box around a place, with its half sides and the radius of its corners.
pub fn slab(x: f64, y: f64, a: f64, b: f64, r: f64, colour: Colour) -> Part {
    part(Shape::Box(a, b, r), (x, y), colour, 0.12_f64.min(a.min(b)))
}

/// A limb from one place to another, with its radii.
pub fn limb(from: Point, to: Point, radius: f64, end: f64, colour: Colour) -> Part {
    part(Shape::Limb((to.0 - from.0, to.1 - from.1), radius, end), from, colour, radius)
}

/// A polygon with corners of a radius.
pub fn polygon(corners: &[Point], r: f64, colour: Colour) -> Part {
    part(Shape::Polygon(corners.to_vec(), r), (0.0, 0.0), colour, 0.12)
}

/// A part turned by so many full turns.
pub fn turned(mut part: Part, turns: f64) -> Part {
    part.turn = (cosine(turns), sine(turns));
    part
}

/// A colour of a hue (in turns), saturation and value.
/// A colour by hue (in turns), saturation and value.
pub fn hsv(hue: f64, saturation: f64, value: f64) -> Colour {
    let channel = |offset: f64| {
        let place = hue + offset;
        let wave = ((place - place.floor()) * 6.0 - 3.0).abs() - 1.0;
        value * (1.0 - saturation + saturation * wave.clamp(0.0, 1.0))
    };
    [channel(0.0), channel(2.0 / 3.0), channel(1.0 / 3.0)]
}

/// A colour in less light.
pub fn darker(colour: Colour, by: f64) -> Colour {
    colour.map(|x| x * by)
}

pub const BLACK: Colour = [0.06, 0.06, 0.07];
pub const WHITE: Colour = [0.95, 0.95, 0.93];
pub const GLASS: Colour = [0.55, 0.75, 0.88];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hues_run_round_the_circle() {
        let close = |a: Colour, b: Colour| a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(close(hsv(0.0, 1.0, 1.0), [1.0, 0.0, 0.0]));
        assert!(close(hsv(1.0 / 3.0, 1.0, 1.0), [0.0, 1.0, 0.0]));
        assert!(close(hsv(2.0 / 3.0, 1.0, 0.5), [0.0, 0.0, 0.5]));
        assert!(close(hsv(0.3, 0.0, 0.7), [0.7; 3]));
    }
}
