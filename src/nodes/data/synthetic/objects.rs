//! Sixty-four objects in the eight categories of Majaj and colleagues, built of shaded flat parts.

use crate::nodes::data::synthetic::fruits::{FRUITS, fruit};
use crate::nodes::data::synthetic::numbers::{Draw, Purpose};
use crate::nodes::data::synthetic::pieces::{
    BLACK, GLASS, Part, WHITE, darker, ellipse, hsv, limb, part, polygon, slab, turned,
};
use crate::nodes::data::synthetic::shapes::Shape;

/// The categories, in the order of objects.
pub const CATEGORIES: [&str; 8] = ["animals", "boats", "cars", "chairs", "faces", "fruits", "planes", "tables"];
/// Objects a category.
pub const EXEMPLARS: usize = 8;

/// All objects.
pub const OBJECTS: usize = CATEGORIES.len() * EXEMPLARS;

/// What an object is called: `cars_3`, `apple`.
pub fn object_name(object: usize) -> String {
    let (category, exemplar) = (object / EXEMPLARS, object % EXEMPLARS);
    if CATEGORIES[category] == "fruits" {
        FRUITS[exemplar].to_owned()
    } else {
        format!("{}_{}", CATEGORIES[category].trim_end_matches('s'), exemplar + 1)
    }
}

/// The category that an object belongs to.
pub fn category_name(object: usize) -> &'static str {
    CATEGORIES[object / EXEMPLARS]
}

/// The parts of an object, from back to front, within about one unit of the origin. Objects are the same for every seed.
pub fn parts(object: usize) -> Vec<Part> {
    let mut draw = Draw::new(0, Purpose::Object, object);
    let exemplar = object % EXEMPLARS;
    match object / EXEMPLARS {
        0 => animal(&mut draw, exemplar),
        1 => boat(&mut draw, exemplar),
        2 => car(&mut draw, exemplar),
        3 => chair(&mut draw, exemplar),
        4 => face(&mut draw, exemplar),
        5 => fruit(&mut draw, exemplar),
        6 => plane(&mut draw, exemplar),
        _ => table(&mut draw, exemplar),
    }
}

fn animal(draw: &mut Draw, exemplar: usize) -> Vec<Part> {
    let coats = [
        (0.07, 0.6, 0.6),
        (0.0, 0.0, 0.85),
        (0.09, 0.35, 0.85),
        (0.0, 0.0, 0.25),
        (0.04, 0.7, 0.5),
        (0.6, 0.1, 0.6),
        (0.11, 0.6, 0.8),
        (0.95, 0.3, 0.85),
    ];
    let (hue, saturation, value) = coats[exemplar];
    let coat = hsv(hue, saturation, value);
    let (shade, long) = (darker(coat, 0.72), draw.between(0.5, 0.66));
    let (girth, legs) = (draw.between(0.22, 0.36), draw.between(0.3, 0.62));
    let neck = [0.15, 0.3, 0.75, 0.2, 0.35, 0.1, 0.6, 0.12][exemplar];
    let lift = 0.3 * neck;
    let foot = 0.2 + legs + lift;
    let (hip, chest) = (-long * 0.72, long * 0.72);
    let mut parts = Vec::new();
    for (x, colour) in [(hip + 0.14, shade), (chest - 0.14, shade), (hip - 0.04, coat), (chest + 0.04, coat)] {
        parts.push(limb((x, 0.1 + lift), (x, foot), 0.085, 0.065, colour));
    }
    let tail = draw.between(-0.35, 0.35);
    parts.push(limb((-long, lift - 0.05), (-long - 0.3, lift + tail), 0.06, 0.03, shade));
    parts.push(ellipse(0.0, lift, long + 0.1, girth, coat));
    let head = (long + 0.16 + 0.12 * neck, lift - 0.2 - 0.75 * neck);
    parts.push(limb((long * 0.75, lift - 0.05), head, 0.17, 0.12, coat));
    let ear = draw.between(0.1, 0.22);
    parts.push(turned(ellipse(head.0 - 0.12, head.1 - 0.15, 0.065, ear, shade), -0.06));
    parts.push(ellipse(head.0, head.1, 0.23, 0.19, coat));
    parts.push(ellipse(head.0 + 0.2, head.1 + 0.06, 0.13 + 0.03 * draw.unit(), 0.1, shade));
    if exemplar == 4 || exemplar == 1 {
        for side in [-0.08, 0.06] {
            parts.push(limb((head.0 + side, head.1 - 0.14), (head.0 + side * 2.2, head.1 - 0.42), 0.035, 0.015, WHITE));
        }
    }
    if exemplar == 5 {
        parts.push(limb((head.0 + 0.22, head.1 + 0.05), (head.0 + 0.36, head.1 + 0.6), 0.09, 0.05, coat));
        parts.push(ellipse(head.0 - 0.1, head.1 + 0.02, 0.16, 0.22, shade));
    }
    if exemplar == 2 || exemplar == 6 || exemplar == 1 {
        for at in 0..5 {
            let x = -long * 0.75 + long * 0.37 * f64::from(at);
            parts.push(ellipse(x, lift + draw.between(-0.1, 0.1), 0.075, 0.06, darker(coat, 0.45)));
        }
    }
    parts.push(ellipse(head.0 + 0.07, head.1 - 0.05, 0.035, 0.035, BLACK));
    parts.push(ellipse(head.0 + 0.31, head.1 + 0.04, 0.03, 0.025, BLACK));
    parts
}

fn boat(draw: &mut Draw, exemplar: usize) -> Vec<Part> {
    let hull = hsv(draw.unit(), 0.65, draw.between(0.45, 0.85));
    let (bow, depth) = (draw.between(0.8, 1.0), draw.between(0.24, 0.36));
    let deck = 0.38;
    let mut parts = Vec::new();
    if exemplar.is_multiple_of(2) {
        let mast = draw.between(-0.15, 0.15);
        let sail = if exemplar == 4 { hsv(draw.unit(), 0.6, 0.9) } else { WHITE };
        let top = -draw.between(0.8, 1.0);
        parts.push(limb((mast, deck), (mast, top), 0.035, 0.025, [0.45, 0.3, 0.18]));
        parts.push(polygon(&[(mast + 0.06, top + 0.06), (mast + 0.06, 0.22), (0.82, 0.22)], 0.0, sail));
        if exemplar != 2 {
            parts.push(polygon(
                &[(mast - 0.06, top + 0.2), (mast - 0.06, 0.24), (-0.66, 0.24)],
                0.0,
                darker(sail, 0.88),
            ));
        }
    } else {
        let cabin = draw.between(0.25, 0.45);
        let high = draw.between(0.16, 0.26);
        parts.push(slab(-0.1, deck - high, cabin + 0.12, high, 0.03, WHITE));
        let smoke = hsv(draw.unit(), 0.7, 0.8);
        for funnel in 0..(1 + exemplar / 3) {
            let x = -0.28 + 0.26 * funnel as f64;
            parts.insert(0, slab(x, deck - 2.0 * high - 0.16, 0.085, 0.24, 0.02, smoke));
            parts.push(slab(x, deck - 2.0 * high - 0.32, 0.088, 0.05, 0.01, BLACK));
        }
        for window in 0..4 {
            parts.push(ellipse(
                -0.1 - cabin * 0.75 + cabin * 0.5 * f64::from(window),
                deck - high,
                0.055,
                0.055,
                GLASS,
            ));
        }
    }
    let keel = deck + depth;
    parts.push(polygon(&[(-0.9, deck - 0.08), (bow, deck - 0.12), (bow * 0.62, keel), (-0.68, keel)], 0.03, hull));
    parts.push(polygon(&[(-0.9, deck - 0.08), (bow, deck - 0.12), (bow * 0.93, deck), (-0.86, deck)], 0.01, WHITE));
    parts
}

fn car(draw: &mut Draw, exemplar: usize) -> Vec<Part> {
    let paint = hsv(
        [0.0, 0.6, 0.14, 0.35, 0.0, 0.78, 0.07, 0.5][exemplar],
        if exemplar == 4 { 0.0 } else { 0.75 },
        draw.between(0.65, 0.9),
    );
    let (height, roof) = (draw.between(0.17, 0.24), draw.between(0.3, 0.5));
    let (front, back) = (draw.between(0.3, 0.5), if exemplar % 3 == 1 { 0.84 } else { draw.between(0.4, 0.7) });
    let floor = 0.3;
    let belt = floor - 2.0 * height;
    let (slope, wheel) = (draw.between(0.14, 0.28), draw.between(0.19, 0.24));
    let top = belt - roof;
    let mut parts = vec![
        polygon(
            &[(-back, belt + 0.05), (-back + 0.5 * slope, top), (front - slope, top), (front, belt + 0.05)],
            0.04,
            paint,
        ),
        polygon(
            &[(-back + 0.1, belt), (-back + 0.08 + 0.5 * slope, top + 0.07), (-0.14, top + 0.07), (-0.14, belt)],
            0.0,
            GLASS,
        ),
        polygon(
            &[(-0.06, belt), (-0.06, top + 0.07), (front - slope - 0.03, top + 0.07), (front - 0.09, belt)],
            0.0,
            GLASS,
        ),
        slab(0.0, floor - height, 0.97, height, 0.12, paint),
        slab(0.0, floor - 0.03, 0.97, 0.045, 0.03, darker(paint, 0.45)),
        ellipse(0.9, floor - height * 1.2, 0.06, 0.07, [1.0, 0.95, 0.65]),
        ellipse(-0.92, floor - height * 1.2, 0.045, 0.07, [0.8, 0.1, 0.1]),
        slab(-0.1, belt + 0.12, 0.06, 0.018, 0.01, darker(paint, 0.5)),
    ];
    for x in [-0.56, 0.58] {
        parts.push(ellipse(x, floor + 0.02, wheel, wheel, BLACK));
        parts.push(ellipse(x, floor + 0.02, wheel * 0.52, wheel * 0.52, [0.75, 0.76, 0.78]));
        parts.push(ellipse(x, floor + 0.02, wheel * 0.15, wheel * 0.15, [0.3, 0.3, 0.32]));
    }
    parts
}

fn chair(draw: &mut Draw, exemplar: usize) -> Vec<Part> {
    let wood =
        if exemplar.is_multiple_of(2) { hsv(0.08, 0.6, draw.between(0.4, 0.75)) } else { hsv(draw.unit(), 0.6, 0.75) };
    let shade = darker(wood, 0.66);
    let (wide, back) = (draw.between(0.38, 0.52), draw.between(0.65, 0.95));
    let (foot, seat, skew) = (0.95, 0.2, draw.between(0.14, 0.24));
    let thick = draw.between(0.045, 0.07);
    let mut parts = Vec::new();
    if exemplar == 3 || exemplar == 7 {
        parts.push(limb((0.0, seat), (0.0, foot - 0.12), 0.06, 0.06, [0.4, 0.4, 0.43]));
        for x in [-0.45, -0.15, 0.2, 0.45] {
            parts.push(limb((0.0, foot - 0.16), (x, foot), 0.05, 0.04, [0.25, 0.25, 0.27]));
        }
    } else {
        for (x, y, colour) in [
            (-wide + skew, seat - 0.1, shade),
            (wide + skew, seat - 0.1, shade),
            (-wide, seat + 0.06, wood),
            (wide, seat + 0.06, wood),
        ] {
            parts.push(limb(
                (x, y),
                (x * 1.08, foot - if colour == shade { 0.16 } else { 0.0 }),
                thick,
                thick * 0.75,
                colour,
            ));
        }
    }
    let (left, right, top) = (-wide + skew, wide + skew, seat - 0.12 - back);
    match exemplar % 4 {
        0 => {
            for x in [left, right] {
                parts.push(limb((x, seat - 0.1), (x, top), thick, thick, wood));
            }
            for rung in 0..3 {
                parts.push(slab(skew, top + 0.08 + 0.24 * back * f64::from(rung), wide, 0.065, 0.03, wood));
            }
        }
        1 => parts.push(slab(skew, (seat - 0.1 + top) / 2.0, wide + 0.03, back / 2.0, 0.1, wood)),
        2 => {
            for slat in 0..5 {
                let x = left + (right - left) * f64::from(slat) / 4.0;
                parts.push(limb((x, seat - 0.1), (x, top), 0.04, 0.04, wood));
            }
            parts.push(slab(skew, top, wide + 0.05, 0.07, 0.05, wood));
        }
        _ => parts.push(part(Shape::Ellipse(wide, back / 2.0 + 0.03), (skew, (seat - 0.1 + top) / 2.0), wood, 0.1)),
    }
    let cushion = if exemplar.is_multiple_of(3) { hsv(draw.unit(), 0.55, 0.7) } else { wood };
    parts.push(polygon(
        &[(left, seat - 0.13), (right + 0.02, seat - 0.13), (wide + 0.05, seat + 0.08), (-wide - 0.05, seat + 0.08)],
        0.05,
        cushion,
    ));
    if exemplar == 5 || exemplar == 1 {
        for x in [-wide - 0.02, wide + 0.06] {
            parts.push(limb((x, seat + 0.02), (x, seat - 0.3), 0.045, 0.045, shade));
            parts.push(limb((x - 0.04, seat - 0.3), (x + skew, seat - 0.4), 0.055, 0.055, shade));
        }
    }
    parts
}

fn face(draw: &mut Draw, exemplar: usize) -> Vec<Part> {
    let skins = [
        (0.07, 0.35, 0.95),
        (0.06, 0.55, 0.6),
        (0.08, 0.3, 0.98),
        (0.05, 0.6, 0.42),
        (0.07, 0.45, 0.8),
        (0.08, 0.28, 0.9),
        (0.06, 0.5, 0.7),
        (0.05, 0.55, 0.52),
    ];
    let (hue, saturation, value) = skins[exemplar];
    let skin = hsv(hue, saturation, value);
    let hair = [
        [0.35, 0.2, 0.1],
        BLACK,
        [0.85, 0.7, 0.35],
        BLACK,
        [0.6, 0.25, 0.1],
        [0.7, 0.7, 0.7],
        [0.15, 0.1, 0.08],
        [0.25, 0.13, 0.07],
    ][exemplar];
    let (wide, tall) = (draw.between(0.58, 0.72), draw.between(0.78, 0.92));
    let (apart, eye) = (draw.between(0.23, 0.31), draw.between(0.085, 0.12));
    let level = draw.between(-0.16, -0.02);
    let mut parts = Vec::new();
    if exemplar.is_multiple_of(2) {
        parts.push(ellipse(0.0, 0.05, wide + 0.2, tall + 0.08, hair));
        parts.push(slab(0.0, 0.5, wide + 0.17, 0.45, 0.2, hair));
    } else {
        parts.push(ellipse(0.0, -0.2, wide + 0.08, tall - 0.12, hair));
    }
    for side in [-1.0, 1.0] {
        parts.push(ellipse(side * wide, level + 0.08, 0.11, 0.18, darker(skin, 0.85)));
    }
    parts.push(part(Shape::Ellipse(wide, tall), (0.0, 0.05), skin, 0.5));
    let fringe = draw.between(0.4, 0.62);
    parts.push(part(
        Shape::Crescent(wide + 0.04, wide + 0.14, (0.12 * draw.normal().clamp(-1.0, 1.0), fringe)),
        (0.0, -0.18),
        hair,
        0.2,
    ));
    let iris = hsv([0.58, 0.07, 0.3, 0.06, 0.5, 0.6, 0.08, 0.05][exemplar], 0.7, 0.5);
    let brow = draw.between(-0.025, 0.045);
    for side in [-1.0, 1.0] {
        let x = side * apart;
        parts.push(part(Shape::Ellipse(eye * 1.35, eye), (x, level), WHITE, 0.04));
        parts.push(part(Shape::Ellipse(eye * 0.72, eye * 0.78), (x, level), iris, 0.02));
        parts.push(part(Shape::Ellipse(eye * 0.36, eye * 0.38), (x, level), BLACK, 0.02));
        parts.push(limb(
            (x - side * 0.15, level - 0.2 - brow),
            (x + side * 0.15, level - 0.18 + brow),
            0.045,
            0.03,
            darker(hair, 0.7),
        ));
    }
    let nose = level + draw.between(0.28, 0.36);
    parts.push(limb((0.0, level + 0.08), (0.0, nose), 0.05, 0.1, darker(skin, 0.93)));
    let (smile, half) = (draw.between(0.01, 0.1), draw.between(0.18, 0.28));
    let mouth = nose + draw.between(0.2, 0.26);
    let lips = [darker([0.85, 0.3, 0.3], 0.4 + 0.6 * value), [0.75, 0.15, 0.2]][exemplar % 2];
    for step in 0..4 {
        let bend = |t: f64| (half * (t / 2.0 - 1.0), mouth + smile * (1.0 - (t / 2.0 - 1.0) * (t / 2.0 - 1.0)));
        parts.push(limb(bend(f64::from(step)), bend(f64::from(step) + 1.0), 0.05, 0.05, lips));
    }
    if exemplar == 3 || exemplar == 5 {
        parts.push(part(Shape::Crescent(0.5, 0.48, (0.0, -0.16)), (0.0, 0.42), hair, 0.1));
    }
    parts
}

fn plane(draw: &mut Draw, exemplar: usize) -> Vec<Part> {
    let body = if exemplar.is_multiple_of(3) { hsv(draw.unit(), 0.55, 0.85) } else { [0.86, 0.88, 0.9] };
    let accent = hsv(draw.unit(), 0.75, 0.75);
    let (thick, sweep) = (draw.between(0.12, 0.19), draw.between(0.1, 0.5));
    let mut parts = Vec::new();
    if exemplar.is_multiple_of(2) {
        // Seen from above, the nose to the right.
        let (span, chord) = (draw.between(0.78, 0.98), draw.between(0.2, 0.32));
        for side in [-1.0, 1.0] {
            parts.push(polygon(
                &[(0.25, 0.0), (0.25 - sweep, side * span), (0.12 - sweep, side * span), (0.25 - chord - 0.15, 0.0)],
                0.02,
                darker(body, 0.85),
            ));
            parts.push(polygon(&[(-0.68, 0.0), (-0.85, side * 0.36), (-0.95, side * 0.36), (-0.9, 0.0)], 0.02, accent));
            if exemplar != 2 {
                parts.push(slab(0.18 - sweep * 0.45, side * span * 0.45, 0.13, 0.06, 0.05, darker(accent, 0.8)));
            }
        }
        parts.push(limb((-0.88, 0.0), (0.8, 0.0), thick * 0.55, thick, body));
        parts.push(ellipse(0.74, 0.0, 0.1, thick * 0.7, GLASS));
        parts.push(limb((-0.92, 0.0), (-0.6, 0.0), 0.02, 0.02, accent));
    } else {
        // From the side.
        parts.push(polygon(&[(-0.6, -0.02), (-0.96, -0.52), (-0.78, -0.52), (-0.34, -0.05)], 0.02, accent));
        parts.push(polygon(&[(0.2, -0.06), (-0.28, -0.34), (-0.4, -0.34), (-0.12, -0.02)], 0.01, darker(body, 0.7)));
        parts.push(limb((-0.88, -0.04), (0.74, 0.0), thick * 0.5, thick * 1.15, body));
        parts.push(polygon(&[(0.62, -0.12), (0.82, -0.1), (0.88, -0.02), (0.66, -0.02)], 0.0, GLASS));
        for window in 0..7 {
            parts.push(ellipse(-0.42 + 0.14 * f64::from(window), -0.04, 0.035, 0.035, GLASS));
        }
        parts.push(polygon(
            &[(0.22, 0.08), (-0.34 - sweep * 0.5, 0.52), (-0.5 - sweep * 0.5, 0.52), (-0.2, 0.08)],
            0.02,
            darker(body, 0.82),
        ));
        parts.push(slab(0.06, 0.26, 0.16, 0.075, 0.06, darker(accent, 0.8)));
        if exemplar == 5 {
            parts.push(limb((0.95, -0.42), (0.95, 0.42), 0.035, 0.035, BLACK));
        }
    }
    parts
}

fn table(draw: &mut Draw, exemplar: usize) -> Vec<Part> {
    let top = if exemplar % 3 == 2 {
        hsv(draw.unit(), 0.35, 0.85)
    } else {
        hsv(0.08, draw.between(0.4, 0.7), draw.between(0.45, 0.8))
    };
    let (edge, leg) = (darker(top, 0.7), darker(top, 0.58));
    let (wide, deep) = (draw.between(0.75, 0.95), draw.between(0.16, 0.28));
    let (level, foot) = (-0.25, draw.between(0.45, 0.8));
    let thick = draw.between(0.05, 0.085);
    let mut parts = Vec::new();
    if exemplar % 4 == 1 {
        // Round, on one foot.
        parts.push(ellipse(0.0, foot, 0.42, 0.12, leg));
        parts.push(limb((0.0, level), (0.0, foot - 0.03), 0.09, 0.11, leg));
        parts.push(part(Shape::Ellipse(wide, deep), (0.0, level + 0.09), edge, 0.08));
        parts.push(part(Shape::Ellipse(wide, deep), (0.0, level), top, 0.04));
        return parts;
    }
    let skew = draw.between(0.1, 0.2);
    let corners =
        [(-wide + skew, level - deep), (wide - skew, level - deep), (wide, level + deep), (-wide, level + deep)];
    for (at, &(x, y)) in corners.iter().enumerate() {
        let colour = if at < 2 { darker(leg, 0.75) } else { leg };
        let end = if at < 2 { foot - 0.22 } else { foot };
        parts.push(limb(
            (x * 0.93, y),
            (x * if exemplar.is_multiple_of(2) { 0.93 } else { 1.02 }, end),
            thick,
            thick * 0.7,
            colour,
        ));
    }
    parts.push(polygon(
        &[(-wide, level + deep), (wide, level + deep), (wide, level + deep + 0.11), (-wide, level + deep + 0.11)],
        0.01,
        edge,
    ));
    let mut plate = polygon(&corners, 0.01, top);
    plate.bevel = 0.04;
    parts.push(plate);
    if exemplar == 4 || exemplar == 6 {
        parts.push(slab(-wide * 0.45, level + deep + 0.19, wide * 0.3, 0.1, 0.02, edge));
        parts.push(ellipse(-wide * 0.45, level + deep + 0.19, 0.035, 0.035, [0.85, 0.75, 0.4]));
    }
    if exemplar == 2 || exemplar == 7 {
        parts.push(limb((-wide * 0.9, foot - 0.25), (wide * 0.9, foot - 0.25), thick * 0.6, thick * 0.6, leg));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn there_are_sixty_four_objects_of_different_names_and_looks() {
        let names: HashSet<String> = (0..OBJECTS).map(object_name).collect();
        assert_eq!(names.len(), 64);
        let looks: HashSet<String> = (0..OBJECTS).map(|object| format!("{:?}", parts(object))).collect();
        assert_eq!(looks.len(), 64);
        assert!(
            (0..OBJECTS).all(|object| parts(object).iter().all(|p| p.colour.iter().all(|c| (0.0..=1.0).contains(c))))
        );
    }
}
