//! Lines over a number, as several charts draw them.

use crate::report::draw::axis::Axis;
use crate::report::draw::data::{Data, cell};
use crate::report::draw::figure::{Frame, Panel, draw};
use crate::report::draw::number::general;
use crate::report::draw::svg::{Colour, RAMP, SERIES};
use crate::report::read::grid::Grid;

/// A line: what it is called, and its points in order.
pub struct Curve {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// A row per point: the curve, where, how much, and how much of a second quantity at the same place.
pub fn data((x, y): (&str, &str), curves: &[Curve], second: Option<(&str, &[Curve])>) -> Data {
    let mut data = Data::of(["curve", x, y].into_iter().chain(second.map(|(name, _)| name)));
    for (at, curve) in curves.iter().enumerate() {
        for (row, point) in curve.points.iter().enumerate() {
            let also = second.map(|(_, curves)| curves[at].points.get(row).map_or(String::new(), |p| cell(p.1)));
            data.row([curve.name.clone(), cell(point.0), cell(point.1)].into_iter().chain(also));
        }
    }
    data
}

pub fn points(grid: &Grid, x: &str, y: &str) -> Vec<(f64, f64)> {
    let rows = 0..grid.rows;
    rows.filter_map(|row| Some((grid.number(x, row)?, grid.number(y, row)?))).collect()
}

pub fn legend(curves: &[Curve]) -> Vec<(String, String)> {
    if curves.len() < 2 {
        return Vec::new();
    }
    curves.iter().enumerate().map(|(at, curve)| (colour(at, curves.len()).class(), curve.name.clone())).collect()
}

/// One colour alone, distinct ones for a few, a scale from early to late for many.
fn colour(at: usize, of: usize) -> Colour {
    match of {
        0 | 1 => Colour::Main,
        _ if of <= 3.min(SERIES) => Colour::Series(at),
        _ => Colour::Ramp(at * (RAMP - 1) / (of - 1)),
    }
}

pub fn panel(
    curves: &[Curve],
    (x, y): (Axis, Axis),
    x_title: &str,
    y_title: &str,
    (width, height, class): (u32, u32, &str),
) -> Panel {
    let frame = Frame { width, height, x, y, x_title, y_title, right: 8.0, top: 0.0 };
    let ends = curves.iter().take(12).filter_map(|curve| {
        let (x, y) = curve.points.last()?;
        Some(format!("{} ends at {} for {}", curve.name, general(*y), general(*x)).trim().to_owned())
    });
    let alt = format!("{y_title} over {x_title}: {}.", ends.collect::<Vec<_>>().join("; "));
    let svg = draw(frame, &alt, class, |pen| {
        for (at, curve) in curves.iter().enumerate() {
            let colour = colour(at, curves.len());
            let last = curve.points.last().map(|(x, y)| format!("{} · {} at {}", curve.name, general(*y), general(*x)));
            pen.mark(last.unwrap_or_default().trim_start_matches(" · "), None, |pen| match curve.points.as_slice() {
                &[only] => pen.dot(only, 3.0, colour, 1.0),
                many => pen.line(thinned(many), colour, 1.8),
            });
        }
    });
    Panel { wide: svg, ..Panel::default() }
}

/// At most some 240 points, dense at the start, where spectra bend.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept = Vec::new();
    let mut next = 0.0;
    for (at, point) in points.iter().enumerate() {
        if at as f64 >= next || at + 1 == points.len() {
            kept.push(*point);
            next = (at as f64 + 1.0).max(at as f64 * 1.02).max(at as f64 + points.len() as f64 / 2000.0);
        }
    }
    kept
}
