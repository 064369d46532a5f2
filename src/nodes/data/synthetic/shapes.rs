//! Flat shapes as signed distances: negative inside, in units of the object's half size.
//!
//! The formulas are Inigo Quilez's, <https://iquilezles.org/articles/distfunctions2d/>.

/// A point or direction: x to the right, y down.
pub type Point = (f64, f64);

/// A shape around the origin of its part.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Half axes.
    Ellipse(f64, f64),
    /// Half width, half height, radius of the corners.
    Box(f64, f64, f64),
    /// From the origin to a point, with the radius at each end.
    Limb(Point, f64, f64),
    /// Corners in order, and the radius that rounds them.
    Polygon(Vec<Point>, f64),
    /// A disc of the first radius less a disc of the second, shifted by a point.
    Crescent(f64, f64, Point),
    /// Half a disc, below the origin.
    HalfDisc(f64),
}

impl Shape {
    /// The signed distance of a point.
    pub fn distance(&self, p: Point) -> f64 {
        match self {
            Self::Ellipse(a, b) => ellipse(p, *a, *b),
            Self::Box(a, b, r) => {
                let (x, y) = (p.0.abs() - a + r, p.1.abs() - b + r);
                length((x.max(0.0), y.max(0.0))) + x.max(y).min(0.0) - r
            }
            Self::Limb(to, from_radius, to_radius) => {
                let along = ((p.0 * to.0 + p.1 * to.1) / (to.0 * to.0 + to.1 * to.1)).clamp(0.0, 1.0);
                let radius = from_radius + (to_radius - from_radius) * along;
                length((p.0 - to.0 * along, p.1 - to.1 * along)) - radius
            }
            Self::Polygon(corners, r) => polygon(p, corners) - r,
            Self::Crescent(outer, inner, shift) => {
                (length(p) - outer).max(inner - length((p.0 - shift.0, p.1 - shift.1)))
            }
            Self::HalfDisc(r) => (length(p) - r).max(-p.1),
        }
    }
}

/// The length of a vector.
pub fn length(p: Point) -> f64 {
    (p.0 * p.0 + p.1 * p.1).sqrt()
}

fn ellipse(p: Point, a: f64, b: f64) -> f64 {
    let near = length((p.0 / a, p.1 / b));
    let slope = length((p.0 / (a * a), p.1 / (b * b)));
    if slope < 1e-9 { -a.min(b) } else { near * (near - 1.0) / slope }
}

fn polygon(p: Point, corners: &[Point]) -> f64 {
    let mut nearest = f64::INFINITY;
    let mut outside = true;
    for (at, &a) in corners.iter().enumerate() {
        let b = corners[(at + 1) % corners.len()];
        let (edge, to) = ((b.0 - a.0, b.1 - a.1), (p.0 - a.0, p.1 - a.1));
        let along = ((to.0 * edge.0 + to.1 * edge.1) / (edge.0 * edge.0 + edge.1 * edge.1)).clamp(0.0, 1.0);
        nearest = nearest.min(length((to.0 - edge.0 * along, to.1 - edge.1 * along)));
        // The even–odd rule: a ray to the right crosses this edge.
        if (a.1 > p.1) != (b.1 > p.1) && p.0 < edge.0 * (p.1 - a.1) / edge.1 + a.0 {
            outside = !outside;
        }
    }
    if outside { nearest } else { -nearest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_negative_inside_and_measured_outside() {
        let square = Shape::Polygon(vec![(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)], 0.0);
        let shapes = [square, Shape::Box(1.0, 1.0, 0.0)];
        for shape in shapes {
            assert!((shape.distance((0.0, 0.0)) + 1.0).abs() < 1e-12);
            assert!((shape.distance((3.0, 0.5)) - 2.0).abs() < 1e-12);
        }
        assert!((Shape::Ellipse(2.0, 2.0).distance((5.0, 0.0)) - 3.0).abs() < 1e-12);
        assert!((Shape::Limb((4.0, 0.0), 1.0, 1.0).distance((2.0, 3.0)) - 2.0).abs() < 1e-12);
        assert!(Shape::Crescent(1.0, 1.0, (0.5, 0.0)).distance((-0.8, 0.0)) < 0.0);
        assert!(Shape::Crescent(1.0, 1.0, (0.5, 0.0)).distance((0.2, 0.0)) > 0.0);
        assert!(Shape::HalfDisc(1.0).distance((0.0, 0.5)) < 0.0 && Shape::HalfDisc(1.0).distance((0.0, -0.1)) > 0.0);
    }
}
