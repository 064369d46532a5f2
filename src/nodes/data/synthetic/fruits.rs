//! The eight fruits.

use crate::nodes::data::synthetic::numbers::{Draw, cosine, sine};
use crate::nodes::data::synthetic::pieces::{BLACK, Colour, Part, ellipse, hsv, limb, part, polygon, slab, turned};
use crate::nodes::data::synthetic::shapes::Shape;

/// What they are called, by exemplar.
pub const FRUITS: [&str; 8] = ["apple", "banana", "pear", "orange", "grapes", "strawberry", "cherries", "melon"];

/// The parts of a fruit.
pub fn fruit(draw: &mut Draw, exemplar: usize) -> Vec<Part> {
    let stalk = [0.38, 0.26, 0.12];
    let leaf = [0.25, 0.55, 0.18];
    match FRUITS[exemplar] {
        "apple" => vec![
            limb((0.0, -0.5), (0.12, -0.9), 0.05, 0.04, stalk),
            turned(ellipse(0.34, -0.78, 0.26, 0.11, leaf), -0.06),
            ellipse(-0.26, 0.05, 0.56, 0.68, [0.82, 0.12, 0.13]),
            ellipse(0.26, 0.05, 0.56, 0.68, [0.82, 0.12, 0.13]),
            part(Shape::Ellipse(0.6, 0.6), (0.0, 0.1), [0.84, 0.14, 0.13], 0.6),
            ellipse(0.0, -0.53, 0.2, 0.06, [0.5, 0.1, 0.08]),
        ],
        "banana" => vec![
            part(Shape::Crescent(0.98, 1.0, (0.22, -0.52)), (-0.02, -0.02), [0.96, 0.82, 0.22], 0.3),
            turned(slab(0.87, 0.2, 0.05, 0.13, 0.03, stalk), 0.08),
        ],
        "pear" => vec![
            limb((0.0, -0.7), (0.1, -1.0), 0.045, 0.04, stalk),
            part(Shape::Limb((0.0, -0.75), 0.62, 0.3), (0.0, 0.35), [0.72, 0.78, 0.25], 0.5),
        ],
        "orange" => {
            let mut parts = vec![ellipse(0.0, 0.0, 0.82, 0.8, [0.97, 0.55, 0.1])];
            for _ in 0..14 {
                let (turn, far) = (draw.unit(), 0.68 * draw.unit().sqrt());
                parts.push(ellipse(far * cosine(turn), far * sine(turn), 0.025, 0.025, [0.8, 0.42, 0.06]));
            }
            parts.push(ellipse(0.0, -0.66, 0.09, 0.05, leaf));
            parts
        }
        "grapes" => grapes(draw, stalk, leaf),
        "strawberry" => strawberry(leaf),
        "cherries" => vec![
            limb((-0.42, 0.35), (0.1, -0.85), 0.04, 0.04, leaf),
            limb((0.45, 0.45), (0.1, -0.85), 0.04, 0.04, leaf),
            turned(ellipse(0.36, -0.8, 0.32, 0.14, leaf), 0.03),
            ellipse(-0.45, 0.45, 0.42, 0.42, [0.7, 0.05, 0.14]),
            ellipse(0.46, 0.55, 0.42, 0.42, [0.74, 0.06, 0.14]),
        ],
        _ => melon(),
    }
}

fn grapes(draw: &mut Draw, stalk: Colour, leaf: Colour) -> Vec<Part> {
    let mut parts =
        vec![limb((0.0, -0.6), (0.05, -0.98), 0.05, 0.04, stalk), turned(ellipse(0.3, -0.75, 0.3, 0.16, leaf), 0.05)];
    for row in 0..5_i32 {
        let count = 5 - row;
        for at in 0..count {
            let x = (f64::from(at) - f64::from(count - 1) / 2.0) * 0.38;
            parts.push(ellipse(x, -0.5 + 0.32 * f64::from(row), 0.22, 0.22, hsv(0.78 + 0.02 * draw.unit(), 0.6, 0.5)));
        }
    }
    parts
}

fn strawberry(leaf: Colour) -> Vec<Part> {
    let mut parts =
        vec![polygon(&[(-0.5, -0.38), (0.5, -0.38), (0.3, 0.3), (0.0, 0.62), (-0.3, 0.3)], 0.24, [0.86, 0.12, 0.18])];
    parts[0].bevel = 0.5;
    for row in 0..4_i32 {
        for at in 0..(4 - row) {
            let x = (f64::from(at) - f64::from(3 - row) / 2.0) * 0.34;
            parts.push(turned(ellipse(x, -0.28 + 0.27 * f64::from(row), 0.035, 0.055, [0.98, 0.85, 0.4]), 0.0));
        }
    }
    for at in -2..=2_i32 {
        parts.push(limb((0.0, -0.6), (0.22 * f64::from(at), -0.5 - 0.12 * f64::from(2 - at.abs())), 0.12, 0.03, leaf));
    }
    parts
}

fn melon() -> Vec<Part> {
    let mut parts = vec![
        part(Shape::HalfDisc(0.98), (0.0, -0.42), [0.16, 0.45, 0.16], 0.08),
        part(Shape::HalfDisc(0.86), (0.0, -0.42), [0.85, 0.92, 0.72], 0.05),
        part(Shape::HalfDisc(0.78), (0.0, -0.42), [0.92, 0.22, 0.26], 0.2),
    ];
    for (x, y) in [
        (-0.45, -0.22),
        (-0.15, -0.25),
        (0.17, -0.22),
        (0.46, -0.25),
        (-0.28, 0.0),
        (0.03, 0.03),
        (0.32, 0.0),
        (0.0, 0.22),
    ] {
        parts.push(ellipse(x, y, 0.035, 0.06, BLACK));
    }
    parts
}
