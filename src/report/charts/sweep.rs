//! A sweep at a glance: a table of shades over two variables, parallel coordinates over more.

use plotters::style::text_anchor::{HPos, VPos};

use crate::kind::chart::Described;
use crate::kind::{Role, column};
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::options::OfMeasure;
use crate::report::draw::axis::Axis;
use crate::report::draw::data::{Data, cell};
use crate::report::draw::figure::{Face, Figure, Frame, TEXT, draw};
use crate::report::draw::number::counted;
use crate::report::draw::svg::{Colour, RAMP, shortened};
use crate::report::read::grid::{Grid, json_text};
use crate::report::read::measure::Measure;
use crate::report::read::results::Results;
use crate::report::read::sample::main_measure;

/// More lines than these hide one another.
const LINES: usize = 300;

/// The variants of a sweep with their scores.
struct Variants {
    variables: Vec<String>,
    /// Per variable, its values in the recipe's order.
    values: Vec<Vec<String>>,
    /// Per variant, the place of its value for each variable, and its score.
    variants: Vec<(Vec<usize>, f64)>,
    measure: Measure,
}

/// A sweep at a glance: scores over the variables that vary.
pub struct Sweep;

impl Described for Sweep {
    const NAME: &'static str = "sweep";
    const ABOUT: &'static str = "A sweep at a glance: scores over the variables that vary.";
    const DRAWS: &'static [Role] = &[Role::Comparison, Role::Choice];
    const USUAL: &'static [Role] = &[Role::Choice];
    type Options = OfMeasure;
}

impl Draw for Sweep {
    /// The mean scores of every variant that a comparison, or a choice among variants, lists.
    fn draw(view: &View<'_>, options: &OfMeasure) -> Option<Figure> {
        let of = |role| view.results.of_role(view.first(), role);
        let grid = of(Role::Comparison).or_else(|| of(Role::Choice))?;
        figure(view, &grid, options.y.as_deref())
    }
}

fn figure(view: &View<'_>, grid: &Grid, y: Option<&str>) -> Option<Figure> {
    let sweep = read(view.results, grid, y)?;
    let best = sweep.variants.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let told: Vec<String> = sweep
        .variables
        .iter()
        .enumerate()
        .map(|(at, name)| format!("{} {}", name.replace('_', " "), sweep.values[at][best.0[at]]))
        .collect();
    let best = format!("the best is {} with {}", told.join(", "), sweep.measure.value(best.1));
    let alt = format!("{} over {}: {best}.", sweep.measure.axis(), sweep.variables.join(", "));
    let (panel, how) = match sweep.variables.len() {
        0 => return None,
        // A comparison of one variable has its boxes already.
        1 if grid.has(column::SCORE) => (view.results.medium.both(|size| bars(&sweep, &alt, size)), "Bars: scores"),
        1 => return None,
        2 => (
            view.results.medium.both(|size| shades(&sweep, &alt, size)),
            "Numbers and shades: means over units; stronger is higher",
        ),
        _ => (
            view.results.medium.both(|size| coordinates(&sweep, &alt, size)),
            "A line per variant, ending at its mean over units; lighter is higher",
        ),
    };
    let mut data = Data::of(sweep.variables.iter().cloned().chain([sweep.measure.name.clone()]));
    for (places, score) in &sweep.variants {
        let values = places.iter().enumerate().map(|(at, &place)| sweep.values[at][place].clone());
        data.row(values.chain([cell(*score)]).collect::<Vec<_>>());
    }
    Some(Figure {
        title: view.title(|| format!("The sweep over {}", listed(&sweep.variables))),
        panels: vec![panel],
        layout: "one",
        data,
        caption: format!("{how}. Of {}, {best}.", counted(sweep.variants.len(), "variant")),
        definition: sweep.measure.sentence(),
        nodes: vec![view.first()],
        ..Figure::default()
    })
}

/// Names as a title lists them.
fn listed(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| name.replace('_', " ")).collect();
    match names.as_slice() {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        few => few.join(""),
    }
}

fn read(results: &Results<'_>, grid: &Grid, y: Option<&str>) -> Option<Variants> {
    const OWN: [&str; 6] =
        [column::MEASURE, column::SCORE, column::SELECTED, column::MEAN, column::MEDIAN, column::SEM];
    let variables: Vec<String> =
        grid.columns.iter().map(|c| c.name.clone()).take_while(|name| !OWN.contains(&name.as_str())).collect();
    let score = if grid.has(column::SCORE) { column::SCORE } else { column::MEAN };
    let of = y.map(str::to_owned).or_else(|| main_measure(grid))?;
    let mut sweep = Variants { values: Vec::new(), variants: Vec::new(), measure: grid.measure(&of), variables };
    for name in &sweep.variables {
        let swept = results.study.plan.sweep.iter().find(|(swept, _)| swept == name);
        let order = swept.map(|(_, values)| values.iter().map(json_text).collect()).unwrap_or_default();
        sweep.values.push(order);
    }
    for row in (0..grid.rows)
        .filter(|&row| !grid.has(column::MEASURE) || grid.text(column::MEASURE, row).as_deref() == Some(&of))
    {
        let Some(score) = grid.number(score, row) else { continue };
        let places = sweep.variables.iter().zip(&mut sweep.values).map(|(name, values)| {
            let value = grid.text(name, row).unwrap_or_default();
            values.iter().position(|known| *known == value).unwrap_or_else(|| {
                values.push(value);
                values.len() - 1
            })
        });
        let places = places.collect();
        sweep.variants.push((places, score));
    }
    for (at, values) in sweep.values.iter_mut().enumerate() {
        let used: Vec<bool> = (0..values.len()).map(|p| sweep.variants.iter().any(|v| v.0[at] == p)).collect();
        let place = |old: usize| used[..old].iter().filter(|used| **used).count();
        sweep.variants.iter_mut().for_each(|variant| variant.0[at] = place(variant.0[at]));
        let mut keep = used.iter();
        values.retain(|_| *keep.next().expect("a flag per value"));
    }
    // A variable that never differs tells nothing.
    let told: Vec<usize> = (0..sweep.variables.len())
        .filter(|&at| sweep.variants.iter().any(|v| v.0[at] != sweep.variants[0].0[at]))
        .collect();
    let keep = |list: &mut dyn FnMut(usize)| told.iter().for_each(|&at| list(at));
    let (mut names, mut values) = (Vec::new(), Vec::new());
    keep(&mut |at| {
        names.push(sweep.variables[at].clone());
        values.push(sweep.values[at].clone());
    });
    let variants = sweep.variants.iter().map(|v| (told.iter().map(|&at| v.0[at]).collect(), v.1)).collect();
    Some(Variants { variables: names, values, variants, measure: sweep.measure })
        .filter(|sweep| sweep.variants.len() > 1)
}

/// Where a score lies between the lowest and the highest.
fn share(sweep: &Variants, score: f64) -> f64 {
    let scores = || sweep.variants.iter().map(|v| v.1);
    let (low, high) = (scores().fold(f64::INFINITY, f64::min), scores().fold(f64::NEG_INFINITY, f64::max));
    if high > low { (score - low) / (high - low) } else { 0.5 }
}

fn bars(sweep: &Variants, alt: &str, (width, class): (u32, &str)) -> String {
    let names: Vec<String> =
        sweep.values[0].iter().map(|name| shortened(name, TEXT, f64::from(width) * 0.32)).collect();
    let scores = sweep.variants.iter().map(|variant| variant.1);
    let (low, high) = scores.fold((0.0f64, 0.0f64), |(low, high), x| (low.min(x), high.max(x)));
    let frame = Frame {
        width,
        height: 70 + 26 * names.len() as u32,
        x: Axis::linear(low, high, if width < 500 { 4 } else { 6 }),
        y: Axis::bands(&names).reversed(),
        x_title: &sweep.measure.axis(),
        y_title: &sweep.variables[0],
        right: 44.0,
        top: 0.0,
    };
    let end = frame.x.ends().1;
    draw(frame, alt, class, |pen| {
        for (places, score) in &sweep.variants {
            let at = places[0] as f64;
            let best = share(sweep, *score) >= 1.0;
            let colour = if best { Colour::Best } else { Colour::Main };
            let value = sweep.measure.value(*score);
            let text = format!("{} {} · {value}", sweep.variables[0], sweep.values[0][places[0]]);
            pen.mark(&text, None, |pen| pen.bar((0.0, at - 0.34), (*score, at + 0.34), colour, 0.75));
            let face = Face::of(if best { colour } else { Colour::Muted }).at(HPos::Left, VPos::Center);
            pen.text((end, at), (6.0, 0.0), &value, if best { face.bold() } else { face });
        }
    })
}

fn shades(sweep: &Variants, alt: &str, (width, class): (u32, &str)) -> String {
    // The longer variable runs down, where names have room.
    let down = usize::from(sweep.values[1].len() > sweep.values[0].len());
    let across = 1 - down;
    let fit = |names: &[String], room: f64| names.iter().map(|name| shortened(name, TEXT, room)).collect::<Vec<_>>();
    let columns = fit(&sweep.values[across], f64::from(width) * 0.72 / sweep.values[across].len().max(1) as f64);
    let rows = fit(&sweep.values[down], f64::from(width) * 0.3);
    let frame = Frame {
        width,
        height: 74 + 34 * rows.len() as u32,
        x: Axis::bands(&columns),
        y: Axis::bands(&rows).reversed(),
        x_title: &sweep.variables[across],
        y_title: &sweep.variables[down],
        right: 8.0,
        top: 0.0,
    };
    let numbered = columns.len() as f64 * 44.0 < f64::from(width) * 0.75;
    draw(frame, alt, class, |pen| {
        for (places, score) in &sweep.variants {
            let (x, y) = (places[across] as f64, places[down] as f64);
            let name = |at: usize| format!("{} {}", sweep.variables[at], sweep.values[at][places[at]]);
            let text = format!("{}, {} · {}", name(0), name(1), sweep.measure.value(*score));
            let top = share(sweep, *score);
            pen.mark(&text, None, |pen| {
                let colour = if top >= 1.0 { Colour::Best } else { Colour::Main };
                pen.bar((x - 0.47, y - 0.45), (x + 0.47, y + 0.45), colour, 0.08 + 0.62 * top);
                if numbered {
                    let face = Face::of(Colour::Ink).at(HPos::Center, VPos::Center);
                    let face = if top >= 1.0 { face.bold() } else { face };
                    pen.text((x, y), (0.0, 0.0), &sweep.measure.value(*score), face);
                }
            });
        }
    })
}

fn coordinates(sweep: &Variants, alt: &str, (width, class): (u32, &str)) -> String {
    let count = sweep.variables.len();
    let room = f64::from(width) / (count + 1) as f64 - 10.0;
    let axes: Vec<String> = sweep
        .variables
        .iter()
        .map(|name| shortened(&name.replace('_', " "), TEXT, room))
        .chain([shortened(&sweep.measure.label, TEXT, room)])
        .collect();
    let frame = Frame {
        width,
        height: 360,
        x: Axis::bands(&axes),
        y: Axis::bands(&[]),
        x_title: "",
        y_title: "",
        right: 8.0,
        top: 14.0,
    };
    // Bands without names run from −.5 to .5.
    let place = |at: usize, of: usize| if of > 1 { at as f64 / (of - 1) as f64 * 0.84 - 0.42 } else { 0.0 };
    draw(frame, alt, class, |pen| {
        let mut order: Vec<&(Vec<usize>, f64)> = sweep.variants.iter().take(LINES).collect();
        order.sort_by(|a, b| a.1.total_cmp(&b.1));
        for (places, score) in order {
            let top = share(sweep, *score);
            let colour =
                if top >= 1.0 { Colour::Best } else { Colour::Ramp((top * (RAMP - 1) as f64).round() as usize) };
            let names =
                places.iter().enumerate().map(|(at, &p)| format!("{} {}", sweep.variables[at], sweep.values[at][p]));
            let text = format!("{} · {}", names.collect::<Vec<_>>().join(", "), sweep.measure.value(*score));
            let mut points: Vec<(f64, f64)> =
                places.iter().enumerate().map(|(at, &p)| (at as f64, place(p, sweep.values[at].len()))).collect();
            points.push((count as f64, top * 0.84 - 0.42));
            pen.mark(&text, None, |pen| pen.line(points, colour, if top >= 1.0 { 2.6 } else { 1.4 }));
        }
        for (at, values) in sweep.values.iter().enumerate() {
            pen.line(vec![(at as f64, -0.45), (at as f64, 0.45)], Colour::Muted, 1.0);
            for (p, value) in values.iter().enumerate() {
                // Above the lines, which would strike it through.
                let face = Face { size: 11.5, ..Face::of(Colour::Ink).at(HPos::Left, VPos::Bottom) };
                pen.text((at as f64, place(p, values.len())), (4.0, -3.0), &shortened(value, 11.5, room * 0.9), face);
            }
        }
        pen.line(vec![(count as f64, -0.45), (count as f64, 0.45)], Colour::Muted, 1.0);
        let scores = sweep.variants.iter().map(|v| v.1);
        let (low, high) = scores.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
        for (y, value, v, shift) in [(0.42, high, VPos::Bottom, -3.0), (-0.42, low, VPos::Top, 3.0)] {
            let face = Face::of(Colour::Ink).bold().at(HPos::Center, v);
            pen.text((count as f64, y), (0.0, shift), &sweep.measure.value(value), face);
        }
    })
}
