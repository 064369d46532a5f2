//! Scores of variants side by side: boxes, violins, points, or means with their standard errors.

use plotters::style::text_anchor::{HPos, VPos};

use crate::kind::Role;
use crate::report::charts::brackets::{Brackets, brackets, levels};
use crate::report::charts::chart::View;
use crate::report::charts::options::OfCompared;
use crate::report::draw::axis::Axis;
use crate::report::draw::density;
use crate::report::draw::figure::{Face, Figure, Frame, Pen, TEXT, draw};
use crate::report::draw::medium::{Medium, Size};
use crate::report::draw::number::{counted, score};
use crate::report::draw::svg::{Colour, shortened};
use crate::report::draw::way::{Way, fitting};
use crate::report::read::measure::capital;
use crate::report::read::sample::{Group, Sample, Source};

/// What stands for a group's units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Box,
    Violin,
    Strip,
    Bar,
    Profile,
}

impl Look {
    /// The chart's name in a recipe.
    pub fn chart(self) -> &'static str {
        match self {
            Self::Box => "box",
            Self::Violin => "violin",
            Self::Strip => "strip",
            Self::Bar => "bar",
            Self::Profile => "profile",
        }
    }
}

/// Pixels from one level of brackets to the next, and by which an end stands off the middle of its group.
const STEP_UP: u32 = 16;
const STEP_RIGHT: u32 = 13;
const INSET: f64 = 2.0;
/// More points than these make a page heavy and a picture grey.
const POINTS: usize = 2_000;

/// The scores of some nodes in a look.
pub fn scores(view: &View<'_>, look: Look, options: &OfCompared) -> Option<Figure> {
    let (x, y) = (options.x.as_deref(), options.y.as_deref());
    let with = |source| Sample::gather(view.results, view.nodes, source, x, y);
    // Means are enough for bars and lines, and a comparison lists them in its order.
    let listed = matches!(look, Look::Bar | Look::Profile)
        && view.port.is_none()
        && view.results.gives(view.first(), &[Role::Comparison]);
    let means = if listed { with(Source::Of(Role::Comparison)) } else { None };
    let mut sample = means.or_else(|| with(view.port.into()))?;
    // A table of means knows no ceilings; the units beside it do.
    sample.ceiling = sample.ceiling.or_else(|| with(Source::Of(Role::Scores))?.ceiling);
    let brackets = brackets(view.results, view.first(), &sample, options.brackets);
    Some(figure(
        &sample,
        look,
        Beside { references: &options.reference.0, brackets },
        (view.results.medium, view.title),
    ))
}

/// What is drawn beside scores.
#[derive(Default)]
pub struct Beside<'a> {
    /// Published values, by what they are called.
    pub references: &'a [(String, f64)],
    /// Differences that are significant.
    pub brackets: Option<Brackets>,
}

/// Draws a sample with what stands beside it.
pub fn figure(sample: &Sample, look: Look, beside: Beside<'_>, (medium, title): (Medium, Option<&str>)) -> Figure {
    let Beside { references, brackets } = beside;
    let chart = Chart { sample, look, references, best: sample.best(), points: points(sample, look), brackets };
    let what = &sample.measure.label;
    let by = match sample.axis().as_str() {
        "" => String::new(),
        axis => format!(" by {}", axis.replace(", ", " and ")),
    };
    let legend = if sample.series.len() > 1 {
        let colours = (0..sample.series.len()).map(|at| chart.series_colour(at).class());
        colours.zip(sample.series.iter().cloned()).collect()
    } else {
        Vec::new()
    };
    Figure {
        title: title.map_or_else(|| capital(&format!("{what}{by}")), str::to_owned),
        panels: vec![medium.both(|size| chart.drawn(size))],
        layout: "one",
        legend_title: sample.second.replace('_', " "),
        legend,
        data: sample.data(),
        caption: chart.caption(),
        definition: sample.measure.sentence(),
        ..Figure::default()
    }
}

fn points(sample: &Sample, look: Look) -> bool {
    let all: usize = sample.groups.iter().map(|group| group.values.len()).sum();
    matches!(look, Look::Box | Look::Violin | Look::Strip) && all <= POINTS
}

struct Chart<'a> {
    sample: &'a Sample,
    look: Look,
    references: &'a [(String, f64)],
    best: Option<usize>,
    points: bool,
    brackets: Option<Brackets>,
}

impl Chart<'_> {
    fn drawn(&self, (width, class): Size) -> String {
        let (way, height) = fitting(&self.sample.categories, width, (400, 320));
        match way {
            Way::Up => self.up((width, height), class),
            Way::Right => self.right(width, class),
        }
    }

    fn up(&self, (width, height): (u32, u32), class: &str) -> String {
        let (low, high) = self.range();
        let room = self.bracketed() * f64::from(STEP_UP);
        let frame = Frame {
            width,
            height: height + room as u32,
            x: Axis::bands(&self.sample.categories),
            y: Axis::linear(low, high, 5),
            x_title: &self.sample.axis(),
            y_title: &self.sample.measure.axis(),
            right: 6.0,
            top: 14.0 + room,
        };
        let top = frame.y.ends().1;
        draw(frame, &self.alt(), class, |pen| self.paint(pen, Way::Up, top))
    }

    fn right(&self, width: u32, class: &str) -> String {
        let (low, high) = self.range();
        let room = self.bracketed() * f64::from(STEP_RIGHT);
        let each = if self.sample.series.len() > 1 { 12 + 18 * self.sample.series.len() } else { 32 };
        let names: Vec<String> = self
            .sample
            .categories
            .iter()
            .map(|name| shortened(name, TEXT, f64::from(width) * if room > 30.0 { 0.28 } else { 0.36 }))
            .collect();
        let frame = Frame {
            width,
            height: (76 + each * names.len()) as u32,
            x: Axis::linear(low, high, if width < 500 { 4 } else { 6 }),
            y: Axis::bands(&names).reversed(),
            x_title: &self.sample.measure.axis(),
            y_title: &self.sample.axis(),
            right: 44.0 + room,
            top: 0.0,
        };
        let top = frame.x.ends().1;
        draw(frame, &self.alt(), class, |pen| self.paint(pen, Way::Right, top))
    }

    fn range(&self) -> (f64, f64) {
        let groups = self.sample.groups.iter();
        let values = groups.clone().flat_map(|group| group.values.iter().map(|v| v.1));
        let means = groups.filter_map(|group| group.summary).flat_map(|s| {
            let sem = s.sem.unwrap_or(0.0);
            [s.mean - sem, s.mean + sem]
        });
        let yardsticks = self.references.iter().map(|r| r.1).chain(self.sample.ceiling);
        let all: Vec<f64> = match self.look {
            Look::Bar | Look::Profile => means.chain(yardsticks).collect(),
            _ => values.chain(means).chain(yardsticks).collect(),
        };
        let sorted = density::sorted(all.into_iter().filter(|x| x.is_finite()));
        let (low, high) = (sorted.first().copied().unwrap_or(0.0), sorted.last().copied().unwrap_or(1.0));
        (low.min(0.0), high.max(0.0))
    }

    fn paint(&self, pen: &mut Pen<'_>, way: Way, top: f64) {
        let (from, to) = (-0.5, self.sample.categories.len() as f64 - 0.5);
        pen.line(vec![way.at(from, 0.0), way.at(to, 0.0)], Colour::Muted, 1.0);
        let yardsticks = self.yardsticks();
        for (_, value) in &yardsticks {
            pen.line(vec![way.at(from, *value), way.at(to, *value)], Colour::Reference, 1.5);
        }
        // Variants that differ in several things at once have no order.
        if self.look == Look::Profile && self.sample.is_ordered() {
            self.joined(pen, way);
        }
        for (at, group) in self.sample.groups.iter().enumerate() {
            let colour = self.colour(at, group);
            let share = 0.8 / self.sample.series.len() as f64;
            let centre = self.centre(group);
            self.group(pen, way, group, centre, share, colour);
            if self.sample.series.len() == 1
                && let Some(summary) = group.summary
            {
                let bold = self.best == Some(at);
                let face = Face::of(if bold { colour } else { Colour::Muted });
                let face = if bold { face.bold() } else { face };
                let text = self.sample.measure.value(summary.mean);
                match way {
                    Way::Up => pen.text((centre, top), (0.0, -3.0), &text, face.at(HPos::Center, VPos::Bottom)),
                    Way::Right => pen.text((top, centre), (6.0, 0.0), &text, face.at(HPos::Left, VPos::Center)),
                }
            }
        }
        self.named(pen, way, from, &yardsticks);
        self.bracket(pen, way, top);
    }

    /// How many levels of brackets there are.
    fn bracketed(&self) -> f64 {
        self.spans().1.iter().max().map_or(0.0, |last| *last as f64 + 1.0)
    }

    /// Where brackets begin and end among the categories, and on which level each stands.
    fn spans(&self) -> (Vec<(f64, f64)>, Vec<usize>) {
        let list = self.brackets.iter().flat_map(|brackets| &brackets.list);
        let centre = |at: usize| self.centre(&self.sample.groups[at]);
        let spans: Vec<(f64, f64)> = list.map(|bracket| (centre(bracket.ends.0), centre(bracket.ends.1))).collect();
        let levels = levels(&spans);
        (spans, levels)
    }

    /// Brackets beyond the means, which stand at the end of the plot.
    fn bracket(&self, pen: &mut Pen<'_>, way: Way, top: f64) {
        let (spans, levels) = self.spans();
        let list = self.brackets.iter().flat_map(|brackets| &brackets.list);
        for ((bracket, span), level) in list.zip(spans).zip(levels) {
            let (from, to) = (span.0.min(span.1), span.0.max(span.1));
            let middle = way.at((from + to) / 2.0, top);
            let shift = |along: f64, out: f64| match way {
                Way::Up => (along, -out),
                Way::Right => (out, along),
            };
            let out = match way {
                Way::Up => 22.0 + f64::from(STEP_UP) * level as f64,
                Way::Right => 46.0 + f64::from(STEP_RIGHT) * level as f64,
            };
            let corner = |at: f64, along: f64, out: f64| (way.at(at, top), shift(along, out));
            let path = [
                corner(from, INSET, out - 4.0),
                corner(from, INSET, out),
                corner(to, -INSET, out),
                corner(to, -INSET, out - 4.0),
            ];
            let face = Face::of(Colour::Ink).at(HPos::Center, VPos::Bottom);
            let face = if way == Way::Up { face } else { face.turned() };
            pen.mark(&bracket.text, None, |pen| {
                pen.shifted(&path, Colour::Muted, 1.2);
                pen.text(middle, shift(0.0, out - 2.5), bracket.stars, face);
            });
        }
    }

    /// Published values and the ceiling, by what they are called.
    fn yardsticks(&self) -> Vec<(String, f64)> {
        let ceiling = self.sample.ceiling.map(|value| ("mean ceiling".to_owned(), value));
        let mut lines: Vec<(String, f64)> = self.references.iter().cloned().chain(ceiling).collect();
        lines.retain(|(_, value)| value.is_finite());
        lines
    }

    /// Their names, over everything else.
    fn named(&self, pen: &mut Pen<'_>, way: Way, from: f64, yardsticks: &[(String, f64)]) {
        for (name, value) in yardsticks {
            let text = format!("{name} {}", self.sample.measure.value(*value));
            match way {
                Way::Up => {
                    let face = Face::of(Colour::Reference).at(HPos::Left, VPos::Bottom);
                    pen.text((from, *value), (4.0, -2.0), &text, face);
                }
                Way::Right => {
                    let face = Face::of(Colour::Reference).at(HPos::Center, VPos::Bottom);
                    pen.text((*value, from), (0.0, 0.0), &text, face);
                }
            }
        }
    }

    /// Where a group stands: boxes beside one another, the means of a profile nearly above their category.
    fn centre(&self, group: &Group) -> f64 {
        let room = if self.look == Look::Profile { 0.12 } else { 0.8 };
        let share = room / self.sample.series.len() as f64;
        group.category as f64 + share * (group.series as f64 + 0.5) - room / 2.0
    }

    /// Lines that join the means of a series, in the order of the categories.
    fn joined(&self, pen: &mut Pen<'_>, way: Way) {
        for series in 0..self.sample.series.len() {
            let of_series = self.sample.groups.iter().filter(|group| group.series == series);
            let means = of_series.filter_map(|group| Some(way.at(self.centre(group), group.summary?.mean)));
            let colour = self.series_colour(series);
            pen.line(means.collect(), colour, 1.5);
        }
    }

    fn group(&self, pen: &mut Pen<'_>, way: Way, group: &Group, centre: f64, share: f64, colour: Colour) {
        let values: Vec<f64> = group.values.iter().map(|v| v.1).collect();
        let sorted = density::sorted(values.iter().copied());
        let half = share * 0.40;
        if self.look == Look::Violin {
            let curve = density::density(&sorted, 48);
            let left = curve.iter().map(|&(x, y)| way.at(centre - y * half, x));
            let right = curve.iter().rev().map(|&(x, y)| way.at(centre + y * half, x));
            pen.area(left.chain(right).collect(), colour, 0.28);
        }
        if self.points {
            self.units(pen, way, group, centre, half, colour);
        }
        let text = self.describe(group, &sorted);
        pen.mark(&text, None, |pen| {
            match self.look {
                Look::Box => self.boxed(pen, way, &sorted, centre, half * 0.8, colour),
                Look::Violin => self.boxed(pen, way, &sorted, centre, half * 0.18, colour),
                Look::Bar => {
                    let mean = group.summary.map_or(0.0, |s| s.mean);
                    pen.bar(way.at(centre - half, 0.0), way.at(centre + half, mean), colour, 0.75);
                }
                Look::Strip | Look::Profile => {}
            }
            if let Some(summary) = group.summary {
                let sem = summary.sem.unwrap_or(0.0);
                let ink = if self.look == Look::Profile { colour } else { Colour::Ink };
                pen.line(
                    vec![way.at(centre, summary.mean - sem), way.at(centre, summary.mean + sem)],
                    ink,
                    if self.look == Look::Profile { 2.0 } else { 2.5 },
                );
                if self.look != Look::Bar {
                    pen.dot(way.at(centre, summary.mean), 4.2, Colour::Paper, 1.0);
                    pen.dot(way.at(centre, summary.mean), 3.2, ink, 1.0);
                }
            }
        });
    }

    fn units(&self, pen: &mut Pen<'_>, way: Way, group: &Group, centre: f64, half: f64, colour: Colour) {
        let values: Vec<f64> = group.values.iter().map(|v| v.1).collect();
        for ((unit, value), offset) in group.values.iter().zip(density::spread(&values)) {
            let name = self.sample.name(group);
            let of = if unit.to_lowercase().starts_with("unit") { "" } else { "unit " };
            let text = format!("{of}{unit} · {} · {}", self.sample.measure.value(*value), name);
            pen.mark(text.trim_end_matches(" · "), Some(unit), |pen| {
                pen.dot(way.at(centre + offset * half, *value), 2.2, colour, 0.4);
            });
        }
    }

    fn boxed(&self, pen: &mut Pen<'_>, way: Way, sorted: &[f64], centre: f64, half: f64, colour: Colour) {
        let Some(b) = density::boxed(sorted) else { return };
        pen.line(vec![way.at(centre, b.low), way.at(centre, b.q1)], colour, 1.2);
        pen.line(vec![way.at(centre, b.q3), way.at(centre, b.high)], colour, 1.2);
        if self.look == Look::Box {
            pen.bar(way.at(centre - half, b.q1), way.at(centre + half, b.q3), colour, 0.14);
        }
        pen.outline(way.at(centre - half, b.q1), way.at(centre + half, b.q3), colour, 1.3);
        pen.line(vec![way.at(centre - half, b.median), way.at(centre + half, b.median)], colour, 2.4);
        if !self.points {
            for &x in sorted.iter().filter(|&&x| x < b.low || x > b.high).take(40) {
                pen.dot(way.at(centre, x), 1.8, colour, 0.6);
            }
        }
    }

    fn colour(&self, at: usize, group: &Group) -> Colour {
        if self.sample.series.len() > 1 {
            self.series_colour(group.series)
        } else if self.best == Some(at) {
            Colour::Best
        } else {
            Colour::Main
        }
    }

    fn series_colour(&self, series: usize) -> Colour {
        Colour::among(series, self.sample.series.len())
    }

    fn describe(&self, group: &Group, sorted: &[f64]) -> String {
        let print = |x| self.sample.measure.value(x);
        let mut text = self.sample.name(group);
        if let Some(s) = group.summary {
            let sem = s.sem.map(|sem| format!(" ± {} SEM", print(sem))).unwrap_or_default();
            text += &format!(" · mean {}{sem} · n = {}", print(s.mean), counted(s.n, "unit"));
        }
        if let Some(b) = density::boxed(sorted) {
            text += &format!(" · median {} · quartiles {} to {}", print(b.median), print(b.q1), print(b.q3));
        }
        text.trim_start_matches(" · ").to_owned()
    }

    fn alt(&self) -> String {
        let what = match self.look {
            Look::Box => "Box plots",
            Look::Violin => "Violin plots",
            Look::Strip => "Points per unit",
            Look::Bar => "Bars",
            Look::Profile => "Line with error bars",
        };
        let means = self.sample.groups.iter().filter_map(|group| {
            let mean = self.sample.measure.value(group.summary?.mean);
            Some(format!("{} {mean}", self.sample.name(group)).trim().to_owned())
        });
        let listed: Vec<String> = means.clone().take(24).collect();
        let rest = if means.count() > 24 { " and more" } else { "" };
        format!("{what} of {}; means: {}{rest}.", self.sample.measure.label, listed.join(", "))
    }

    fn caption(&self) -> String {
        let (least, most) = self.sample.units();
        let n = if least == most {
            format!("n = {}", counted(most, "unit"))
        } else {
            format!("n = {least} to {}", counted(most, "unit"))
        };
        let per = if self.sample.groups.len() > 1 { " each" } else { "" };
        let mut text = match self.look {
            Look::Box => "Box: quartiles and median; whiskers: to the furthest unit within 1.5 interquartile ranges. ",
            Look::Violin => "Outline: density of units; box: quartiles and median. ",
            Look::Bar => "Bar: mean over units. ",
            Look::Strip | Look::Profile => "",
        }
        .to_owned();
        if self.points {
            text += "Small dots: units. ";
        }
        text += match self.look {
            Look::Bar => "Vertical line: ± SEM over units",
            _ => "Dot and line: mean ± SEM over units",
        };
        text += &format!("; {n}{per}.");
        if self.look != Look::Bar && self.sample.series.len() == 1 {
            text += " Numbers: means.";
        }
        let missing: usize = self.sample.groups.iter().map(|group| group.missing).max().unwrap_or(0);
        if missing > 0 {
            text += &format!(" {} without a defined score left out.", counted(missing, "unit"));
        }
        if !self.references.is_empty() {
            let listed: Vec<String> = self.references.iter().map(|(name, x)| format!("{name} {}", score(*x))).collect();
            text += &format!(" Dashed: {}.", listed.join(", "));
        }
        if let Some(ceiling) = self.sample.ceiling {
            text += &format!(" Dashed: the mean noise ceiling, {}, which no model can exceed.", score(ceiling));
        }
        if let Some(brackets) = &self.brackets {
            text += &brackets.caption;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::report::fixture::{Options, drawn, fixture};

    #[test]
    fn significant_differences_from_the_best_have_brackets() {
        let study = fixture(Options::default());
        let figure = |options| drawn(&study, "box", "by_layer", options).expect("a figure");
        let best = figure(json!({}));
        let picture = |figure: &super::Figure| figure.panels[0].wide.clone();
        let count = |picture: &str| picture.matches(" · p = ").count();
        assert_eq!(count(&picture(&best)), 6);
        assert!(best.caption.contains(" Brackets: differences from features.9 (6 of "), "{}", best.caption);
        assert!(
            best.caption.ends_with(
                "; * p < .05, ** p < .01, *** p < .001; point at one for its p: Wilcoxon signed-rank test over units, not corrected for \
                 the number of pairs."
            ),
            "{}",
            best.caption
        );
        assert_eq!(count(&picture(&figure(json!({ "brackets": "none" })))), 0);
        assert_eq!(count(&picture(&figure(json!({ "brackets": "all" })))), 6);
        let r = figure(json!({ "y": "r" }));
        assert!(!r.caption.contains("racket"), "nothing compares r: {}", r.caption);
        let height =
            |figure: &super::Figure| picture(figure).split("height=\"").nth(1).map(|rest| rest[..3].to_owned());
        assert_eq!(height(&r).as_deref(), Some("400"));
        assert_ne!(height(&best), height(&r), "brackets have room of their own above the means");
    }
}
