//! Paired differences between variants, each unit against itself, with intervals and a test.

use plotters::style::text_anchor::{HPos, VPos};

use std::collections::BTreeSet;

use crate::kind::chart::Described;
use crate::kind::{Role, column, fact};
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::options::OfMeasure;
use crate::report::draw::axis::Axis;
use crate::report::draw::data::{Data, cell, maybe};
use crate::report::draw::figure::{Face, Figure, Frame, TEXT, draw};
use crate::report::draw::number::counted;
use crate::report::draw::svg::{Colour, shortened};
use crate::report::read::best::best_of;
use crate::report::read::grid::Grid;
use crate::report::read::measure::{Measure, capital};
use crate::report::read::pairs::{Pair, against, key_of, pairs, sign, tested, titled};
use crate::report::read::sample::main_measure;

/// More rows than these nobody reads.
const ROWS: usize = 16;

/// Paired differences between variants, each unit against itself.
pub struct Pairs;

impl Described for Pairs {
    const NAME: &'static str = "pairs";
    const ABOUT: &'static str = "Paired differences between variants, each unit against itself.";
    const DRAWS: &'static [Role] = &[Role::Pairs];
    type Options = OfMeasure;
}

impl Draw for Pairs {
    fn draw(view: &View<'_>, options: &OfMeasure) -> Option<Figure> {
        let node = view.first();
        let grid = view.results.of_role(node, Role::Pairs)?;
        let best = best_of(view.results, node);
        let of = match (&options.y, &best) {
            (Some(y), _) => y.clone(),
            (None, Some(best)) => best.sample.measure.name.clone(),
            (None, None) => main_measure(&grid)?,
        };
        let best = best.filter(|best| best.sample.measure.name == of).map(|best| key_of(&best.labels));
        Some(Figure { nodes: vec![node], ..figure(view, &grid, &of, best.as_ref())? })
    }
}

/// The best variant against the others, or the first pairs where none is named among them.
fn figure(view: &View<'_>, grid: &Grid, of: &str, best: Option<&BTreeSet<String>>) -> Option<Figure> {
    let measure = grid.measure(of);
    let all = pairs(grid, of);
    let mine = best.map(|best| against(&all, best)).unwrap_or_default();
    let (shown, best) = if mine.is_empty() { (all, None) } else { (mine, best) };
    if shown.is_empty() {
        return None;
    }
    let shown: Vec<Pair> = shown.into_iter().filter(|pair| pair.difference.is_finite()).take(ROWS).collect();
    let panel = view.results.medium.both(|size| rows(&shown, &measure, best.is_some(), size));
    let title = view.title(|| match best {
        Some(_) => format!("{} against the others, unit by unit", titled(&shown[0].other)),
        None => "Differences, unit by unit".to_owned(),
    });
    let (least, most) = (shown.iter().map(|p| p.units).min()?, shown.iter().map(|p| p.units).max()?);
    let n = if least == most { counted(most, "unit") } else { format!("{least} to {}", counted(most, "unit")) };
    let any = shown.iter().any(|pair| pair.p.is_some());
    let test = if any { format!(" p: {}.", tested(grid)) } else { String::new() };
    let interval = grid.fact_text(fact::INTERVAL).unwrap_or("bootstrap 95 % interval over units");
    Some(Figure {
        title,
        panels: vec![panel],
        layout: "one",
        data: data(&shown),
        caption: format!("Dot: mean paired difference; line: {interval}; n = {n}.{test}"),
        definition: measure.sentence(),
        ..Figure::default()
    })
}

fn data(pairs: &[Pair]) -> Data {
    let mut data = Data::of([
        column::A,
        column::B,
        column::DIFFERENCE,
        column::LOW,
        column::HIGH,
        column::P,
        column::P_ADJUSTED,
        column::UNITS,
    ]);
    for pair in pairs {
        let (low, high) = pair.interval.unzip();
        let numbers = [
            cell(pair.difference),
            maybe(low),
            maybe(high),
            maybe(pair.p),
            maybe(pair.adjusted),
            pair.units.to_string(),
        ];
        data.row([pair.a.clone(), pair.b.clone()].into_iter().chain(numbers));
    }
    data
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
        let p = pair.shown().map(|p| format!(", p {}", sign(p))).unwrap_or_default();
        format!("{} − {}: {}{}{p}", pair.a, pair.b, measure.value(pair.difference), interval.unwrap_or_default())
    };
    let alt = format!("{}. {}.", capital(&x_title), pairs.iter().map(told).collect::<Vec<_>>().join("; "));
    draw(frame, &alt, class, |pen| {
        pen.line(vec![(0.0, -0.5), (0.0, pairs.len() as f64 - 0.5)], Colour::Muted, 1.2);
        for (at, pair) in pairs.iter().enumerate() {
            let at = at as f64;
            // An interval that holds zero tells no difference, whatever its middle is.
            let clear = pair.interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0);
            let colour = if clear { Colour::Main } else { Colour::Muted };
            pen.mark(&told(pair), None, |pen| {
                if let Some((low, high)) = pair.interval {
                    pen.line(vec![(low, at), (high, at)], colour, 2.2);
                }
                pen.dot((pair.difference, at), 4.5, Colour::Paper, 1.0);
                pen.dot((pair.difference, at), 3.6, colour, 1.0);
            });
            if let Some(p) = pair.shown() {
                let face = Face::of(Colour::Muted).at(HPos::Left, VPos::Center);
                pen.text((end, at), (8.0, 0.0), &format!("p {}", sign(p)), face);
            }
        }
    })
}
