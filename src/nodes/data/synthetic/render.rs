//! One object at a place, size and angle of its own, lit from the upper left, on 1/f noise.

use crate::nodes::data::synthetic::numbers::{Draw, Purpose};
use crate::nodes::data::synthetic::objects::parts;
use crate::nodes::data::synthetic::pieces::Part;
use crate::nodes::data::synthetic::shapes::{Point, length};

/// Towards the light, of length 1: left, up, to the viewer.
const LIGHT: [f64; 3] = [-0.48, -0.64, 0.6];
const SHADOW: Point = (0.07, 0.12);
/// Objects and their shadows lie within this many units of their origin.
const REACH: f64 = 1.6;

/// How a picture shows its object.
struct Scene {
    /// In pixels.
    centre: Point,
    /// Pixels to the object's unit.
    scale: f64,
    /// Cosine and sine of the object's rotation.
    turn: Point,
    mirrored: bool,
    brightness: f64,
}

/// Renders stimulus `index`, which shows `object`: `side` × `side` RGB.
pub fn render(seed: u64, index: usize, object: usize, side: usize) -> Vec<u8> {
    let mut draw = Draw::new(seed, Purpose::Scene, index);
    let scene = Scene::draw(&mut draw, side as f64);
    let mut picture = background(&mut draw, side);
    let parts = parts(object);
    for y in 0..side {
        for x in 0..side {
            let pixel = &mut picture[y * side + x];
            let here = scene.to_object((x as f64 + 0.5, y as f64 + 0.5));
            if length(here) > REACH {
                continue;
            }
            shadow(&parts, &scene, here, pixel);
            for part in &parts {
                paint(part, &scene, here, pixel);
            }
        }
    }
    picture.iter().flatten().map(|x| (x.clamp(0.0, 1.0) * 255.0 + 0.5) as u8).collect()
}

impl Scene {
    fn draw(draw: &mut Draw, side: f64) -> Self {
        let scale = side * draw.between(0.24, 0.42);
        let room = (side / 2.0 - 0.8 * scale).max(0.0);
        let centre = (side / 2.0 + room * draw.between(-1.0, 1.0), side / 2.0 + room * draw.between(-1.0, 1.0));
        // The half angle's tangent gives an exact rotation, up to 40° either way.
        let tangent = draw.between(-0.36, 0.36);
        let norm = 1.0 + tangent * tangent;
        let turn = ((1.0 - tangent * tangent) / norm, 2.0 * tangent / norm);
        Self { centre, scale, turn, mirrored: draw.unit() < 0.5, brightness: draw.between(0.75, 1.2) }
    }

    fn to_object(&self, pixel: Point) -> Point {
        let (x, y) = ((pixel.0 - self.centre.0) / self.scale, (pixel.1 - self.centre.1) / self.scale);
        let (cos, sin) = self.turn;
        let turned = (cos * x + sin * y, cos * y - sin * x);
        if self.mirrored { (-turned.0, turned.1) } else { turned }
    }

    /// A direction on the object, as it lies in the picture.
    fn to_picture(&self, direction: Point) -> Point {
        let (x, y) = if self.mirrored { (-direction.0, direction.1) } else { direction };
        let (cos, sin) = self.turn;
        (cos * x - sin * y, sin * x + cos * y)
    }
}

impl Part {
    fn local(&self, p: Point) -> Point {
        let (x, y) = (p.0 - self.at.0, p.1 - self.at.1);
        let (cos, sin) = self.turn;
        (cos * x + sin * y, cos * y - sin * x)
    }

    fn distance(&self, p: Point) -> f64 {
        self.shape.distance(self.local(p))
    }

    /// The outward direction of the surface's slope.
    fn slope(&self, p: Point) -> Point {
        const STEP: f64 = 0.02;
        let along = |dx: f64, dy: f64| self.distance((p.0 + dx, p.1 + dy)) - self.distance((p.0 - dx, p.1 - dy));
        let slope = (along(STEP, 0.0), along(0.0, STEP));
        let norm = length(slope).max(1e-9);
        (slope.0 / norm, slope.1 / norm)
    }
}

/// Darkens the background where the object stands between it and the light.
fn shadow(parts: &[Part], scene: &Scene, here: Point, pixel: &mut [f64; 3]) {
    let back = {
        let (x, y) = SHADOW;
        let (cos, sin) = scene.turn;
        let turned = (cos * x + sin * y, cos * y - sin * x);
        if scene.mirrored { (-turned.0, turned.1) } else { turned }
    };
    let there = (here.0 - back.0, here.1 - back.1);
    let distance = parts.iter().map(|part| part.distance(there)).fold(f64::INFINITY, f64::min);
    let depth = ((0.08 - distance) / 0.16).clamp(0.0, 1.0);
    let keep = 1.0 - 0.45 * depth * depth * (3.0 - 2.0 * depth);
    pixel.iter_mut().for_each(|x| *x *= keep);
}

fn paint(part: &Part, scene: &Scene, here: Point, pixel: &mut [f64; 3]) {
    let distance = part.distance(here);
    let cover = (0.5 - distance * scene.scale).clamp(0.0, 1.0);
    if cover == 0.0 {
        return;
    }
    // The surface rises from the edge like a quarter of an ellipse.
    let rim = 1.0 - (-distance / part.bevel).clamp(0.0, 1.0);
    let (sx, sy) = scene.to_picture(part.slope(here));
    let tilt = 0.9 * rim;
    let normal = [sx * tilt, sy * tilt, (1.0 - tilt * tilt).sqrt()];
    let facing: f64 = normal.iter().zip(&LIGHT).map(|(n, l)| n * l).sum();
    let light = (0.42 + 0.85 * facing.max(0.0)) * scene.brightness;
    // Where the mirrored light meets the viewer.
    let glance = (2.0 * facing * normal[2] - LIGHT[2]).max(0.0);
    let gloss = 0.35 * (0..4).fold(glance, |power, _| power * power);
    for (channel, base) in pixel.iter_mut().zip(&part.colour) {
        let lit = base * light + gloss * scene.brightness;
        *channel += (lit - *channel) * cover;
    }
}

/// Octaves of smooth noise of equal contrast, whose amplitude so falls as 1/f, around a mean of the picture's own, with a
/// little colour.
fn background(draw: &mut Draw, side: usize) -> Vec<[f64; 3]> {
    let mean = draw.between(0.3, 0.65);
    let contrast = draw.between(0.07, 0.14);
    let tint: Vec<f64> = (0..3).map(|_| draw.between(-0.06, 0.06)).collect();
    let mut picture: Vec<[f64; 3]> = vec![[mean + tint[0], mean + tint[1], mean + tint[2]]; side * side];
    let mut cells = 2;
    while cells <= side / 2 {
        let grey: Vec<f64> = lattice(draw, cells);
        let hues: Vec<Vec<f64>> = (0..3).map(|_| lattice(draw, cells)).collect();
        for y in 0..side {
            for x in 0..side {
                let at = ((x as f64 + 0.5) * cells as f64 / side as f64, (y as f64 + 0.5) * cells as f64 / side as f64);
                let common = smooth(&grey, cells, at);
                for (channel, hue) in picture[y * side + x].iter_mut().zip(&hues) {
                    *channel += contrast * (0.9 * common + 0.22 * smooth(hue, cells, at));
                }
            }
        }
        cells *= 2;
    }
    picture
}

fn lattice(draw: &mut Draw, cells: usize) -> Vec<f64> {
    (0..(cells + 2) * (cells + 2)).map(|_| draw.between(-1.0, 1.0)).collect()
}

/// Between four lattice points, by smooth steps.
fn smooth(lattice: &[f64], cells: usize, at: Point) -> f64 {
    let (column, row) = (at.0 as usize, at.1 as usize);
    let ease = |t: f64| t * t * (3.0 - 2.0 * t);
    let (u, v) = (ease(at.0 - column as f64), ease(at.1 - row as f64));
    let point = |dx: usize, dy: usize| lattice[(row + dy) * (cells + 2) + column + dx];
    let above = point(0, 0) + (point(1, 0) - point(0, 0)) * u;
    let below = point(0, 1) + (point(1, 1) - point(0, 1)) * u;
    above + (below - above) * v
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_depends_on_seed_index_and_object_alone() {
        let picture = render(1, 5, 20, 32);
        assert_eq!(picture.len(), 32 * 32 * 3);
        assert_eq!(picture, render(1, 5, 20, 32));
        for other in [render(2, 5, 20, 32), render(1, 6, 20, 32), render(1, 5, 21, 32)] {
            assert_ne!(picture, other);
        }
    }

    #[test]
    fn the_bytes_of_pictures_are_what_they_were() {
        // Where pictures move, the kind's VERSION must.
        let all: Vec<u8> = (0..4).flat_map(|index| render(7, index, index * 9, 24)).collect();
        assert_eq!(crate::digest::Digest::of(&all).short(), "439eaaabccf4");
    }
}
