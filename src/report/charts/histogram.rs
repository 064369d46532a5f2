//! How a score is distributed over units: one histogram a variant, all on one scale.

use plotters::style::text_anchor::{HPos, VPos};

use crate::kind::Role;
use crate::kind::chart::Described;
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::options::OfScores;
use crate::report::draw::axis::Axis;
use crate::report::draw::density;
use crate::report::draw::figure::{Face, Figure, Frame, PANEL, Panel, draw};
use crate::report::draw::medium::Medium;
use crate::report::draw::number::counted;
use crate::report::draw::svg::Colour;
use crate::report::read::measure::{Measure, capital};
use crate::report::read::sample::{Group, Sample};

/// More panels than these say less than a box chart does.
const PANELS: usize = 12;
/// More ticks than these run into one another.
const TICKS: usize = 400;

/// How a score is distributed over units.
pub struct Histogram;

impl Described for Histogram {
    const NAME: &'static str = "histogram";
    const ABOUT: &'static str = "How a score is distributed over units.";
    const DRAWS: &'static [Role] = &[Role::Scores, Role::Ceiling];
    const USUAL: &'static [Role] = &[Role::Scores, Role::Ceiling];
    type Options = OfScores;
}

impl Draw for Histogram {
    fn draw(view: &View<'_>, options: &OfScores) -> Option<Figure> {
        let (x, y) = (options.x.as_deref(), options.y.as_deref());
        let sample = Sample::gather(view.results, view.nodes, view.port.into(), x, y)?;
        let any = sample.groups.iter().any(|group| !group.values.is_empty());
        any.then(|| figure(&sample, &options.reference.0, (view.results.medium, view.title)))
    }
}

/// A histogram of each group, the first dozen.
pub fn figure(sample: &Sample, references: &[(String, f64)], (medium, title): (Medium, Option<&str>)) -> Figure {
    let all = density::sorted(sample.groups.iter().flat_map(|group| group.values.iter().map(|v| v.1)));
    let yardsticks = references.iter().map(|r| r.1);
    let low = yardsticks.clone().fold(all.first().copied().unwrap_or(0.0), f64::min);
    let high = yardsticks.fold(all.last().copied().unwrap_or(1.0), f64::max);
    let alone = sample.groups.len() == 1;
    let shown = sample.groups.iter().take(PANELS);
    let panels = shown.map(|group| {
        let draw = |width, height, class: &str| panel(sample, group, (low, high), references, (width, height, class));
        if alone {
            return medium.tall((300, 260), draw);
        }
        let (width, class) = medium.among(sample.groups.len(), PANEL);
        Panel { heading: sample.name(group), wide: draw(width, 210, class), ..Panel::default() }
    });
    let what = &sample.measure.label;
    let (least, most) = sample.units();
    let mut caption = format!(
        "Bars: units per bin; ticks: units; line: median. n = {}{}.",
        if least == most { String::new() } else { format!("{least} to ") },
        counted(most, "unit")
    );
    if sample.groups.len() > PANELS {
        caption += &format!(" The first {PANELS} of {} variants.", sample.groups.len());
    }
    Figure {
        title: title.map_or_else(|| format!("{} over units", capital(what)), str::to_owned),
        panels: panels.collect(),
        layout: if alone { "one" } else { "grid" },
        data: sample.data(),
        caption,
        definition: sample.measure.sentence(),
        ..Figure::default()
    }
}

fn panel(
    sample: &Sample,
    group: &Group,
    (low, high): (f64, f64),
    references: &[(String, f64)],
    (width, height, class): (u32, u32, &str),
) -> String {
    let measure: &Measure = &sample.measure;
    let sorted = density::sorted(group.values.iter().map(|v| v.1));
    let bins = density::bins(&sorted);
    let most = bins.iter().map(|bin| bin.2).max().unwrap_or(0).max(1);
    let from = bins.first().map_or(low, |bin| bin.0.min(low));
    let to = bins.last().map_or(high, |bin| bin.1.max(high));
    let step = if most < 5 { most } else { 4 };
    let frame = Frame {
        width,
        height,
        x: Axis::tight(from, to, if width < 500 { 5 } else { 8 }),
        y: Axis::linear(0.0, most as f64, step),
        x_title: &measure.axis(),
        y_title: "Units",
        right: 10.0,
        top: 8.0,
    };
    let top = frame.y.ends().1;
    let alt = match (density::summary(&sorted), sorted.as_slice()) {
        (Some(s), [least, .., greatest]) => format!(
            "Histogram of {} over {}: mean {}, median {}, from {} to {}.",
            measure.label,
            counted(s.n, "unit"),
            measure.value(s.mean),
            measure.value(density::quantile(&sorted, 0.5)),
            measure.value(*least),
            measure.value(*greatest)
        ),
        _ => format!("Histogram of {} over {}.", measure.label, counted(sorted.len(), "unit")),
    };
    draw(frame, &alt, class, |pen| {
        for &(a, b, count) in bins.iter().filter(|bin| bin.2 > 0) {
            let text = format!("{} to {}: {}", measure.value(a), measure.value(b), counted(count, "unit"));
            let gap = (b - a) * 0.04;
            pen.mark(&text, None, |pen| pen.bar((a + gap, 0.0), (b - gap, count as f64), Colour::Main, 0.55));
        }
        if sorted.len() <= TICKS {
            let tick = top * 0.035;
            for (unit, value) in &group.values {
                let text = format!("unit {unit} · {}", measure.value(*value));
                pen.mark(&text, Some(unit), |pen| pen.line(vec![(*value, 0.0), (*value, tick)], Colour::Ink, 1.2));
            }
        }
        if !sorted.is_empty() {
            let median = density::quantile(&sorted, 0.5);
            let text = format!("median {}", measure.value(median));
            let late = median > from + (to - from) * 0.75;
            pen.mark(&text, None, |pen| {
                pen.line(vec![(median, 0.0), (median, top)], Colour::Best, 1.8);
                let h = if late { HPos::Right } else { HPos::Left };
                let face = Face::of(Colour::Best).bold().at(h, VPos::Bottom);
                pen.text((median, top), (if late { 2.0 } else { -2.0 }, -1.0), &text, face);
            });
        }
        for (name, value) in references.iter().filter(|r| r.1.is_finite()) {
            let text = format!("{name} {}", measure.value(*value));
            pen.mark(&text, None, |pen| {
                pen.line(vec![(*value, 0.0), (*value, top)], Colour::Reference, 1.5);
                pen.text((*value, top), (4.0, 4.0), &text, Face::of(Colour::Reference).at(HPos::Left, VPos::Top));
            });
        }
    })
}
