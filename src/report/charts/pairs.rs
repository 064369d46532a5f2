//! Paired differences between variants, each unit against itself, with intervals and a test.

use plotters::style::text_anchor::{HPos, VPos};

use std::collections::BTreeSet;

use crate::report::draw::axis::Axis;
use crate::report::draw::data::{Data, cell, maybe};
use crate::report::draw::figure::{Face, Figure, Frame, NARROW, Panel, TEXT, WIDE, draw};
use crate::report::draw::number::{counted, probability};
use crate::report::draw::svg::{Role, shortened};
use crate::report::read::grid::Grid;
use crate::report::read::measure::{Measure, capital, measure};

/// A difference between two variants.
#[derive(Clone, Debug)]
pub struct Pair {
    pub a: String,
    pub b: String,
    /// What tells each from the others, in no order.
    pub keys: [BTreeSet<String>; 2],
    /// `b` as a sentence names it.
    pub spoken: String,
    /// And `a`.
    pub other: String,
    pub difference: f64,
    /// The bootstrap interval.
    pub interval: Option<(f64, f64)>,
    pub p: Option<f64>,
    pub units: usize,
}

/// More rows than these nobody reads.
const ROWS: usize = 16;

/// The pairs of a measure, as a table of comparisons lists them; labels without the variable's name.
pub fn pairs(grid: &Grid, of: &str) -> Vec<Pair> {
    let rows = (0..grid.rows).filter(|&row| !grid.has("measure") || grid.text("measure", row).as_deref() == Some(of));
    rows.filter_map(|row| {
        let (a, b) = (grid.text("a", row)?, grid.text("b", row)?);
        Some(Pair {
            a: short(&a),
            b: short(&b),
            keys: [&a, &b].map(|label| key(label)),
            spoken: spoken(&b),
            other: spoken(&a),
            difference: grid.number("difference", row)?,
            interval: grid.number("low", row).zip(grid.number("high", row)),
            p: grid.number("p", row),
            units: grid.number("units", row).unwrap_or(0.0) as usize,
        })
    })
    .collect()
}

/// The pairs in which a variant takes part, as its difference to the other one, largest first.
pub fn against(pairs: &[Pair], variant: &BTreeSet<String>) -> Vec<Pair> {
    let mut mine: Vec<Pair> = pairs
        .iter()
        .filter_map(|pair| match (pair.keys[0] == *variant, pair.keys[1] == *variant) {
            (true, false) => Some(pair.clone()),
            (false, true) => Some(Pair {
                a: pair.b.clone(),
                b: pair.a.clone(),
                keys: [pair.keys[1].clone(), pair.keys[0].clone()],
                spoken: pair.other.clone(),
                other: pair.spoken.clone(),
                difference: -pair.difference,
                interval: pair.interval.map(|(low, high)| (-high, -low)),
                ..pair.clone()
            }),
            _ => None,
        })
        .collect();
    mine.sort_by(|a, b| a.difference.total_cmp(&b.difference));
    mine
}

/// A label such as `layer=features.9` without the variable; `a=1,b=2` as `1, 2`.
pub fn short(label: &str) -> String {
    let parts: Vec<&str> = label.split(',').map(|part| part.split_once('=').map_or(part, |(_, value)| value)).collect();
    parts.iter().map(|part| part.trim()).collect::<Vec<_>>().join(", ")
}

/// A label's parts, whichever of them stands first.
fn key(label: &str) -> BTreeSet<String> {
    if label.contains(", ") { label.split(", ").map(str::to_owned).collect() } else { [short(label)].into() }
}

/// A variant's parts, by which a table of pairs knows it.
pub fn key_of(labels: &[(String, String)]) -> BTreeSet<String> {
    match labels {
        [(_, value)] => [value.clone()].into(),
        many => many.iter().map(|(name, value)| format!("{name}={value}")).collect(),
    }
}

/// A label such as `layer=features.9, components=100` as a sentence says it.
fn spoken(label: &str) -> String {
    let parts = label.split(", ").map(|part| part.split_once('=').unwrap_or(("", part)));
    worded(&parts.map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>())
}

/// Names and values as a sentence says them: layer features.9 with learning rate 0.01 and batch 16.
pub fn worded(labels: &[(String, String)]) -> String {
    let part = |(name, value): &(String, String)| format!("{} {value}", name.replace('_', " ")).trim_start().to_owned();
    match labels {
        [] => String::new(),
        [one] => part(one),
        [first, rest @ .., last] if !rest.is_empty() => {
            let rest: Vec<String> = rest.iter().map(part).collect();
            format!("{} with {} and {}", part(first), rest.join(", "), part(last))
        }
        [first, .., last] => format!("{} with {}", part(first), part(last)),
    }
}

/// The best variant against the others, or the first pairs where none is named among them.
pub fn figure(grid: &Grid, of: &str, best: Option<&BTreeSet<String>>, title: Option<&str>) -> Option<Figure> {
    let measure = measure(of, &grid.definitions);
    let all = pairs(grid, of);
    let mine = best.map(|best| against(&all, best)).unwrap_or_default();
    let (shown, best) = if mine.is_empty() { (all, None) } else { (mine, best) };
    if shown.is_empty() {
        return None;
    }
    let shown: Vec<Pair> = shown.into_iter().filter(|pair| pair.difference.is_finite()).take(ROWS).collect();
    let panel = Panel {
        wide: rows(&shown, &measure, best.is_some(), (WIDE, "wide")),
        narrow: Some(rows(&shown, &measure, best.is_some(), (NARROW, "narrow"))),
        ..Panel::default()
    };
    let title = title.map(str::to_owned).unwrap_or_else(|| match best {
        Some(_) => format!("{} against the others, unit by unit", titled(&shown[0].other)),
        None => "Differences, unit by unit".to_owned(),
    });
    let (least, most) = (shown.iter().map(|p| p.units).min()?, shown.iter().map(|p| p.units).max()?);
    let n = if least == most { counted(most, "unit") } else { format!("{least} to {}", counted(most, "unit")) };
    let test = if shown.iter().any(|pair| pair.p.is_some()) {
        " p: Wilcoxon signed-rank test over units, not corrected for the number of pairs."
    } else {
        ""
    };
    Some(Figure {
        title,
        panels: vec![panel],
        layout: "one",
        data: data(&shown),
        caption: format!("Dot: mean paired difference; line: bootstrap 95 % interval over units; n = {n}.{test}"),
        definition: measure.sentence(),
        ..Figure::default()
    })
}

fn data(pairs: &[Pair]) -> Data {
    let mut data = Data::of(["a", "b", "difference", "low", "high", "p", "units"]);
    for pair in pairs {
        let (low, high) = pair.interval.unzip();
        let numbers = [cell(pair.difference), maybe(low), maybe(high), maybe(pair.p), pair.units.to_string()];
        data.row([pair.a.clone(), pair.b.clone()].into_iter().chain(numbers));
    }
    data
}

/// With a capital where it is words, as it stands where it is one name.
pub fn titled(spoken: &str) -> String {
    if spoken.contains(' ') { capital(spoken) } else { spoken.to_owned() }
}

fn rows(pairs: &[Pair], measure: &Measure, of_best: bool, (width, class): (u32, &str)) -> String {
    let name = |pair: &Pair| if of_best { pair.b.clone() } else { format!("{} − {}", pair.a, pair.b) };
    let names: Vec<String> = pairs.iter().map(|p| shortened(&name(p), TEXT, f64::from(width) * 0.32)).collect();
    let ends = pairs.iter().flat_map(|p| {
        let (low, high) = p.interval.unwrap_or((p.difference, p.difference));
        [low, high, p.difference]
    });
    let ends: Vec<f64> = ends.filter(|x| x.is_finite()).collect();
    let (low, high) = (ends.iter().copied().fold(0.0, f64::min), ends.iter().copied().fold(0.0, f64::max));
    let x_title = format!("Difference in {}", measure.label);
    let frame = Frame {
        width,
        height: 70 + 30 * pairs.len() as u32,
        x: Axis::linear(low, high, if width < 500 { 3 } else { 6 }),
        y: Axis::bands(&names).reversed(),
        x_title: &x_title,
        y_title: "",
        right: 74.0,
        top: 0.0,
    };
    let end = frame.x.ends().1;
    let told = |pair: &Pair| {
        let interval = pair.interval.map(|(a, b)| format!(" ({} to {})", measure.value(a), measure.value(b)));
        let p = pair.p.map(|p| format!(", p {}", sign(p))).unwrap_or_default();
        format!("{} − {}: {}{}{p}", pair.a, pair.b, measure.value(pair.difference), interval.unwrap_or_default())
    };
    let alt = format!("{}. {}.", capital(&x_title), pairs.iter().map(told).collect::<Vec<_>>().join("; "));
    draw(frame, &alt, class, |pen| {
        pen.line(vec![(0.0, -0.5), (0.0, pairs.len() as f64 - 0.5)], Role::Muted, 1.2);
        for (at, pair) in pairs.iter().enumerate() {
            let at = at as f64;
            // An interval that holds zero tells no difference, whatever its middle is.
            let clear = pair.interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0);
            let role = if clear { Role::Main } else { Role::Muted };
            pen.mark(&told(pair), None, |pen| {
                if let Some((low, high)) = pair.interval {
                    pen.line(vec![(low, at), (high, at)], role, 2.2);
                }
                pen.dot((pair.difference, at), 4.5, Role::Paper, 1.0);
                pen.dot((pair.difference, at), 3.6, role, 1.0);
            });
            if let Some(p) = pair.p {
                let face = Face::of(Role::Muted).at(HPos::Left, VPos::Center);
                pen.text((end, at), (8.0, 0.0), &format!("p {}", sign(p)), face);
            }
        }
    })
}

/// `= .012` or `< .001`.
pub fn sign(p: f64) -> String {
    let text = probability(p);
    if text.starts_with('<') { text } else { format!("= {text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_always_the_minuend() {
        let pair = Pair {
            a: "x".into(),
            b: "best".into(),
            keys: [key("x"), key("best")],
            spoken: "best".into(),
            other: "x".into(),
            difference: -0.2,
            interval: Some((-0.3, -0.1)),
            p: Some(0.01),
            units: 9,
        };
        let mine = against(&[pair], &key("best"));
        assert_eq!((mine[0].a.as_str(), mine[0].b.as_str(), mine[0].difference), ("best", "x", 0.2));
        assert_eq!(mine[0].interval, Some((0.1, 0.3)));
        assert_eq!(mine[0].spoken, "x");
        assert_eq!(short("layer=features.9,components=100"), "features.9, 100");
        assert_eq!(spoken("layer=features.9, components=100"), "layer features.9 with components 100");
        let three = "architecture=three_layer, learning_rate=0.003, batch=16";
        assert_eq!(spoken(three), "architecture three_layer with learning rate 0.003 and batch 16");
        let labels = [("batch", "16"), ("learning_rate", "0.003"), ("architecture", "three_layer")];
        assert_eq!(key_of(&labels.map(|(name, value)| (name.to_owned(), value.to_owned()))), key(three));
        assert_eq!(spoken("features.9"), "features.9");
    }
}
