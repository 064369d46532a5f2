//! What each band of features explains: stacked bars of the mean over units, and of each unit.

use crate::kind::chart::Described;
use crate::kind::{Role, column};
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::options::OfUnits;
use crate::report::charts::shaded::{axis, each};
use crate::report::draw::axis::Axis;
use crate::report::draw::data::{Data, cell};
use crate::report::draw::figure::{Figure, Frame, Panel, Pen, TEXT, draw};
use crate::report::draw::medium::Medium;
use crate::report::draw::number::{count, counted};
use crate::report::draw::svg::{Colour, SERIES, shortened};
use crate::report::read::measure::capital;
use crate::report::read::shares::{Shares, reach};

/// Panels of units beyond these are left out.
const PANELS: usize = 4;
/// Units beyond these are thinned out evenly.
const UNITS: usize = 600;
/// Shares below this are cut, lest one unit without a model flatten all others.
const DEEPEST: f64 = -1.0;
/// What joins the bands of a set in its name.
const AND: &str = " & ";

/// What each band of features explains, in the mean and by unit.
pub struct StackedShares;

impl Described for StackedShares {
    const NAME: &'static str = "shares";
    const ABOUT: &'static str = "What each band of features explains: stacked bars, in the mean and by unit.";
    const DRAWS: &'static [Role] = &[Role::Shares];
    const USUAL: &'static [Role] = &[Role::Shares];
    type Options = OfUnits;
}

impl Draw for StackedShares {
    fn draw(view: &View<'_>, options: &OfUnits) -> Option<Figure> {
        let all = view.nodes.iter().filter_map(|&node| Shares::of(view.results, node, &options.units));
        let all: Vec<Shares> = all.filter(|shares| !shares.units.is_empty()).collect();
        (!all.is_empty()).then(|| figure(view, &all))
    }
}

/// What is stacked: shares with as many parts as there are colours.
struct Stack {
    parts: Vec<String>,
    variants: Vec<Shares>,
    /// Whether sets of equally many bands are one part.
    joined: bool,
}

impl Stack {
    fn of(all: &[Shares]) -> Self {
        let mut bands: Vec<String> = Vec::new();
        for band in all.iter().flat_map(|shares| &shares.bands) {
            if !bands.contains(band) {
                bands.push(band.clone());
            }
        }
        let size = |band: &String| band.matches(AND).count() + 1;
        let joined = bands.len() > SERIES && bands.iter().any(|band| size(band) > 1);
        let part = |band: &String| match size(band) {
            size if joined && size > 1 => format!("common to {size} bands"),
            _ => band.clone(),
        };
        let mut parts: Vec<String> = Vec::new();
        bands.sort_by_key(size);
        for name in bands.iter().map(part) {
            if !parts.contains(&name) {
                parts.push(name);
            }
        }
        let variants = all.iter().map(|shares| {
            let place =
                |band: &String| parts.iter().position(|name| *name == part(band)).expect("every band is a part");
            shares.joined(&shares.bands.iter().map(place).collect::<Vec<_>>(), &parts)
        });
        Self { variants: variants.collect(), parts, joined }
    }

    fn colour(&self, part: usize) -> Colour {
        Colour::among(part, self.parts.len().max(2))
    }
}

fn figure(view: &View<'_>, all: &[Shares]) -> Figure {
    let stack = Stack::of(all);
    let mut panels = vec![means(&stack, view.results.medium)];
    let alone = stack.variants.len() == 1;
    panels.extend(stack.variants.iter().take(PANELS).map(|shares| {
        let heading = if alone { String::new() } else { shares.name.clone() };
        Panel { heading, ..units(&stack, shares, view.results.medium) }
    }));
    let measure = &all[0].measure;
    let legend = stack.parts.iter().enumerate().map(|(at, name)| (stack.colour(at).class(), name.clone()));
    Figure {
        title: view.title(|| format!("{} by band", capital(&plural(&measure.label)))),
        panels,
        layout: "one",
        legend_title: column::BAND.to_owned(),
        legend: legend.collect(),
        data: data(all),
        caption: caption(&stack),
        definition: defined(all),
        ..Figure::default()
    }
}

/// What shares are; of variants that define them otherwise, each.
fn defined(all: &[Shares]) -> String {
    let first = &all[0].measure;
    if all.iter().all(|shares| shares.measure.definition == first.definition) {
        return first.sentence();
    }
    let mut known: Vec<(&str, String)> = Vec::new();
    for shares in all {
        if !known.iter().any(|(definition, _)| *definition == shares.measure.definition) {
            known.push((&shares.measure.definition, format!("{}: {}.", shares.name, shares.measure.definition)));
        }
    }
    known.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ")
}

/// `share of explained variance` of several.
fn plural(label: &str) -> String {
    match label.split_once(" of ") {
        Some((what, of)) => format!("{what}s of {of}"),
        None => label.to_owned(),
    }
}

/// Every share of every unit; the first columns are the variables, where there are variants.
fn data(all: &[Shares]) -> Data {
    let variants = all.len() > 1;
    let heads = variants.then_some("variant").into_iter().chain([column::UNIT, column::BAND]);
    let mut data = Data::of(heads.chain([all[0].measure.name.as_str()]));
    for shares in all {
        for unit in &shares.units {
            for (band, share) in shares.bands.iter().zip(&unit.shares) {
                let name = variants.then(|| shares.name.clone()).into_iter();
                data.row(name.chain([unit.name.clone(), band.clone(), cell(*share)]));
            }
        }
    }
    data
}

/// A bar per variant: the mean over units.
fn means(stack: &Stack, medium: Medium) -> Panel {
    medium.both(|size| bars(stack, size))
}

fn bars(stack: &Stack, (width, class): (u32, &str)) -> String {
    let names: Vec<String> =
        stack.variants.iter().map(|shares| shortened(&shares.name, TEXT, f64::from(width) * 0.3)).collect();
    let of = |shares: &Shares| -> Vec<f64> {
        (0..stack.parts.len()).map(|part| shares.mean(part).map_or(0.0, |summary| summary.mean)).collect()
    };
    let ends: Vec<(f64, f64)> = stack.variants.iter().map(|shares| reach(&of(shares))).collect();
    let low = ends.iter().map(|end| end.0).fold(0.0, f64::min);
    let high = ends.iter().map(|end| end.1).fold(0.0, f64::max);
    let measure = &stack.variants[0].measure;
    let title = format!("{}, mean over units", measure.axis());
    let frame = Frame {
        width,
        height: 62 + 34 * names.len() as u32,
        x: Axis::linear(low, high, if width < 500 { 4 } else { 8 }),
        y: Axis::bands(&names).reversed(),
        x_title: &title,
        y_title: "",
        right: 10.0,
        top: 0.0,
    };
    let told: Vec<String> = stack.variants.iter().map(|shares| told(stack, &shares.name, &of(shares))).collect();
    draw(frame, &format!("{title}: {}.", told.join("; ")), class, |pen| {
        for (at, shares) in stack.variants.iter().enumerate() {
            for (part, from, to) in stacked(&of(shares)) {
                let Some(summary) = shares.mean(part) else { continue };
                let sem = summary.sem.map(|sem| format!(" ± {} SEM", measure.value(sem))).unwrap_or_default();
                let name = if shares.name.is_empty() { String::new() } else { format!("{} · ", shares.name) };
                let n = counted(summary.n, "unit");
                let text = format!("{name}{} · mean {}{sem} · n = {n}", stack.parts[part], measure.value(summary.mean));
                pen.mark(&text, None, |pen| {
                    pen.bar((from, at as f64 - 0.36), (to, at as f64 + 0.36), stack.colour(part), 0.8);
                });
            }
            total(pen, of(shares).iter().sum(), at as f64, true);
        }
        pen.line(vec![(0.0, -0.5), (0.0, names.len() as f64 - 0.5)], Colour::Muted, 1.0);
    })
}

/// A thin bar per unit, those with the greatest sum first.
fn units(stack: &Stack, shares: &Shares, medium: Medium) -> Panel {
    medium.tall((300, 250), |width, height, class| thin(stack, shares, (width, height, class)))
}

fn thin(stack: &Stack, shares: &Shares, (width, height, class): (u32, u32, &str)) -> String {
    let every = shares.units.len().div_ceil(UNITS).max(1);
    let shown: Vec<_> = shares.units.iter().step_by(every).collect();
    let low = shown.iter().map(|unit| unit.reach().0).fold(0.0, f64::min).max(DEEPEST);
    let high = shown.iter().map(|unit| unit.reach().1).fold(0.0, f64::max);
    let names: Vec<String> = shown.iter().map(|unit| unit.name.clone()).collect();
    let measure = &shares.measure;
    let frame = Frame {
        width,
        height,
        // Names of some units among many would say nothing.
        x: if names.len() > 24 {
            Axis::named(Vec::new(), names.len())
        } else {
            axis(&names, f64::from(width) * 0.86, each(&names, (f64::from(width) * 0.86, class), 40.0))
        },
        y: Axis::linear(low, high, 5),
        x_title: "Units, by what all bands explain",
        y_title: &measure.axis(),
        right: 6.0,
        top: 0.0,
    };
    let deepest = frame.y.ends().0;
    let (first, last) = (shares.units.first(), shares.units.last());
    let ends: Vec<String> = first.into_iter().chain(last).map(|unit| told(stack, &unit.name, &unit.shares)).collect();
    let alt = format!("{} of {}, from {}.", measure.axis(), counted(shares.units.len(), "unit"), ends.join(" to "));
    draw(frame, &alt, class, |pen| {
        let half = if names.len() > 60 { 0.5 } else { 0.42 };
        for (at, unit) in shown.iter().enumerate() {
            let x = at as f64;
            pen.mark(&told(stack, &format!("unit {}", unit.name), &unit.shares), Some(&unit.name), |pen| {
                for (part, from, to) in stacked(&unit.shares) {
                    let (from, to) = (from.max(deepest), to.max(deepest));
                    pen.bar((x - half, from), (x + half, to), stack.colour(part), 0.8);
                }
            });
            total(pen, unit.total().max(deepest), x, false);
        }
        pen.line(vec![(-0.5, 0.0), (names.len() as f64 - 0.5, 0.0)], Colour::Muted, 1.0);
    })
}

/// Parts on one another: those above zero upwards, those below it downwards; each with where it begins and ends.
fn stacked(shares: &[f64]) -> Vec<(usize, f64, f64)> {
    let (mut above, mut below) = (0.0, 0.0);
    let each = shares.iter().enumerate().filter(|(_, share)| **share != 0.0);
    each.map(|(part, share)| {
        let from = if *share < 0.0 { &mut below } else { &mut above };
        *from += share;
        (part, *from - share, *from)
    })
    .collect()
}

/// A tick at the sum, which no end of a bar shows where shares are below zero.
fn total(pen: &mut Pen<'_>, sum: f64, at: f64, across: bool) {
    let ends = [at - 0.42, at + 0.42];
    let points = ends.map(|end| if across { (sum, end) } else { (end, sum) });
    pen.line(points.to_vec(), Colour::Ink, 1.6);
}

/// All shares and their sum in words.
fn told(stack: &Stack, name: &str, shares: &[f64]) -> String {
    let print = |x: f64| stack.variants[0].measure.value(x);
    let each = stack.parts.iter().zip(shares).map(|(part, share)| format!("{part} {}", print(*share)));
    let name = if name.is_empty() { String::new() } else { format!("{name} · ") };
    format!("{name}{}; all {}", each.collect::<Vec<_>>().join(", "), print(shares.iter().sum()))
}

fn caption(stack: &Stack) -> String {
    let units = stack.variants.iter().map(|shares| shares.units.len());
    let (least, most) = (units.clone().min().unwrap_or(0), units.max().unwrap_or(0));
    let from = if least == most { String::new() } else { format!("{} to ", count(least)) };
    let each = if stack.variants.len() > 1 { " of each variant" } else { "" };
    let mut text = format!(
        "Above: the mean over units{each}; below: each unit, the best explained first; shares below zero hang below it, and ticks across bars are \
         sums: what all bands explain. n = {from}{}",
        counted(most, "unit")
    );
    // What variants do not share, their tables tell.
    let first = &stack.variants[0];
    let alike = stack.variants.iter().all(|other| (other.rows, &other.on) == (first.rows, &first.on));
    if let Some(rows) = first.rows.filter(|_| alike) {
        let on = match first.on.as_deref() {
            Some("val") => "validation ",
            Some("train") => "training ",
            Some("test") => "held-out test ",
            Some("folds") => "held-out ",
            _ => "",
        };
        text += &format!(", over {} {on}{}", count(rows), if rows == 1 { "stimulus" } else { "stimuli" });
    }
    if first.folds > 1 && stack.variants.iter().all(|other| other.folds == first.folds) {
        text += &format!(", mean over {} folds", first.folds);
    }
    text += ".";
    if stack.joined {
        text += " What equally many bands have in common is one part here; the numbers tell them apart.";
    }
    let missing: usize = stack.variants.iter().map(|shares| shares.missing).max().unwrap_or(0);
    if missing > 0 {
        text += &format!(" {} without defined shares left out.", counted(missing, "unit"));
    }
    let every = most.div_ceil(UNITS).max(1);
    if every > 1 {
        text += &format!(" Every {every}th unit is drawn.");
    }
    let deep = stack.variants.iter().flat_map(|shares| &shares.units).filter(|unit| unit.reach().0 < DEEPEST).count();
    if deep > 0 {
        text += &format!(" {} cut at −1.", counted(deep, "unit"));
    }
    if stack.variants.len() > PANELS {
        text += &format!(" Units of the first {PANELS} of {} variants.", stack.variants.len());
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::report::fixture::{Options, drawn, fixture};
    use crate::report::read::shares::Unit;

    #[test]
    fn parts_stand_on_one_another_and_hang_below_zero() {
        assert_eq!(stacked(&[0.25, -0.5, 0.0, 0.5]), [(0, 0.0, 0.25), (1, 0.0, -0.5), (3, 0.25, 0.75)]);
        assert_eq!(reach(&[0.25, -0.5, 0.5]), (-0.5, 0.75));
    }

    #[test]
    fn units_stand_by_what_all_bands_explain() {
        let units = (0..4).map(|at| format!("u{at}")).collect();
        let layers = vec!["features.1".to_owned()];
        let study = fixture(Options { layers, units, stimuli: 24, alike: true, ..Options::default() });
        let figure = drawn(&study, "shares", "banded", json!({})).expect("a figure");
        assert_eq!(figure.title, "Shares of explained variance by band");
        assert_eq!(
            figure.data.csv(),
            "unit,band,share\nu2,pixels,0.125\nu2,layer,0.25\nu2,pixels & layer,-0.125\n\
             u1,pixels,0.0625\nu1,layer,0.25\nu1,pixels & layer,-0.125\n\
             u0,pixels,0\nu0,layer,0.25\nu0,pixels & layer,-0.125\n"
        );
        assert_eq!(
            figure.caption,
            "Above: the mean over units; below: each unit, the best explained first; shares below zero hang below it, and ticks across bars are \
             sums: what all bands explain. n = 3 units, over 80 held-out test stimuli. 1 unit without defined shares left out."
        );
        assert!(figure.panels[0].wide.contains("<title>pixels · mean .062 ± .036 SEM · n = 3 units</title>"));
        let text = "<title>unit u2 · pixels .125, layer .250, pixels &amp; layer −.125; all .250</title>";
        assert!(figure.panels[1].wide.contains(text));
        let one = drawn(&study, "shares", "banded", json!({ "units": ["u1"] })).expect("a figure");
        assert_eq!(one.data.len(), 3);
        assert!(drawn(&study, "shares", "banded", json!({ "units": ["nobody"] })).is_none());
    }

    #[test]
    fn sets_of_equally_many_bands_are_one_part_where_colours_run_out() {
        let bands: Vec<String> = ["a", "b", "c", "a & b", "a & c", "b & c", "a & b & c", "d"].map(str::to_owned).into();
        let shares = Shares {
            name: String::new(),
            measure: Default::default(),
            units: vec![Unit { name: "u".to_owned(), shares: vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0] }],
            bands,
            missing: 0,
            folds: 0,
            rows: None,
            on: None,
        };
        let stack = Stack::of(&[shares]);
        assert_eq!(stack.parts, ["a", "b", "c", "d", "common to 2 bands", "common to 3 bands"]);
        assert_eq!(stack.variants[0].units[0].shares, [1.0, 2.0, 4.0, 128.0, 56.0, 64.0]);
    }
}
