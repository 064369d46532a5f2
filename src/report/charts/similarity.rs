//! How alike representations are, variant beside variant: means over subjects by region, between their ceilings.

use plotters::style::text_anchor::{HPos, VPos};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::kind::chart::Described;
use crate::kind::measure::Ceiling;
use crate::kind::{Role, column};
use crate::report::charts::chart::{Draw, View};
use crate::report::draw::axis::Axis;
use crate::report::draw::data::{Data, cell};
use crate::report::draw::density;
use crate::report::draw::figure::{Face, Figure, Frame, Pen, TEXT, draw};
use crate::report::draw::medium::Size;
use crate::report::draw::number::counted;
use crate::report::draw::svg::{Colour, shortened};
use crate::report::draw::way::{Way, fitting};
use crate::report::read::measure::capital;
use crate::report::read::similar::{Mean, Similarities, Spread};

/// What is compared with what.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Options {
    /// The column or variable along x.
    x: Option<String>,
    /// The column or measure along y.
    y: Option<String>,
    /// Whether each subject is a small point beside the mean over all.
    #[serde(default)]
    subjects: Subjects,
}

/// Whether subjects are shown one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Subjects {
    #[default]
    Shown,
    Hidden,
}

/// How alike representations are, by what was swept and by region.
pub struct Similarity;

impl Described for Similarity {
    const NAME: &'static str = "similarity";
    const ABOUT: &'static str = "How alike representations are, by layer and region, with ceilings.";
    const DRAWS: &'static [Role] = &[Role::Similarity, Role::OverSubjects];
    const USUAL: &'static [Role] = &[Role::Similarity, Role::OverSubjects];
    type Options = Options;
}

impl Draw for Similarity {
    fn draw(view: &View<'_>, options: &Options) -> Option<Figure> {
        let similar = Similarities::gather(view.results, view.nodes, options.x.as_deref(), options.y.as_deref())?;
        Some(figure(view, &similar, options.subjects == Subjects::Shown))
    }
}

struct Chart<'a> {
    similar: &'a Similarities,
    /// Whether subjects are drawn one by one.
    subjects: bool,
}

fn figure(view: &View<'_>, similar: &Similarities, subjects: bool) -> Figure {
    let subjects = subjects && similar.means.iter().any(|mean| mean.own.len() > 1);
    let chart = Chart { similar, subjects };
    let by = similar.variable.replace('_', " ");
    let by = if similar.ordered || by == column::REGION { format!(" by {by}") } else { String::new() };
    let count = similar.series.len();
    let colours = similar.series.iter().enumerate().filter(|_| count > 1);
    Figure {
        title: view.title(|| capital(&format!("{}{by}", similar.measure.label))),
        panels: vec![view.results.medium.both(|size| chart.drawn(size))],
        layout: "one",
        legend_title: if count > 1 { similar.second.replace('_', " ") } else { String::new() },
        legend: colours.map(|(at, name)| (Colour::among(at, count).class(), name.clone())).collect(),
        data: data(similar),
        caption: chart.caption(),
        definition: defined(view, similar),
        ..Figure::default()
    }
}

/// What is measured, and what the ceilings are.
fn defined(view: &View<'_>, similar: &Similarities) -> String {
    let ends: &[&str] = match &similar.ceiling {
        Ceiling::Band(low, high) => &[*low, *high],
        Ceiling::Column(of) | Ceiling::Between(of) => &[*of],
        _ => &[],
    };
    let ends = if similar.means.iter().any(|mean| mean.ceiling.is_some()) { ends } else { &[] };
    let ends = ends.iter().map(|name| view.results.measures.measure(name, &Default::default()).sentence());
    let all: Vec<String> =
        [similar.measure.sentence()].into_iter().chain(ends).filter(|text| !text.is_empty()).collect();
    all.join(" ")
}

/// A row per mean, with no subject, and below it one per subject.
fn data(similar: &Similarities) -> Data {
    let heads = similar.variables.iter().map(String::as_str);
    let own = [column::SUBJECT, &similar.measure.name, column::SEM, column::LOW, column::HIGH, column::SUBJECTS];
    let mut data = Data::of(heads.chain(own).chain(["least ceiling", "greatest ceiling"]));
    for mean in &similar.means {
        let (sem, low, high) = match mean.spread {
            Spread::Unknown => (String::new(), String::new(), String::new()),
            Spread::Sem(sem) => (cell(sem), String::new(), String::new()),
            Spread::Interval(low, high) => (String::new(), cell(low), cell(high)),
        };
        let ends = mean.ceiling.map_or([String::new(), String::new()], |(low, high)| [cell(low), cell(high)]);
        let numbers = [String::new(), cell(mean.value), sem, low, high, mean.subjects.to_string()];
        data.row(mean.labels.iter().cloned().chain(numbers).chain(ends));
        for (subject, value) in mean.own.iter().filter(|_| mean.own.len() > 1) {
            let numbers = [subject.clone(), cell(*value)].into_iter().chain(std::iter::repeat_n(String::new(), 6));
            data.row(mean.labels.iter().cloned().chain(numbers));
        }
    }
    data
}

impl Chart<'_> {
    fn drawn(&self, (width, class): Size) -> String {
        let (way, height) = fitting(&self.similar.categories, width, (380, 320));
        match way {
            Way::Up => self.up((width, height), class),
            Way::Right => self.right(width, class),
        }
    }

    fn up(&self, (width, height): (u32, u32), class: &str) -> String {
        let (low, high) = self.range();
        let frame = Frame {
            width,
            height,
            x: Axis::bands(&self.similar.categories),
            y: Axis::linear(low, high, 5),
            x_title: &self.axis(),
            y_title: &self.similar.measure.axis(),
            right: 6.0,
            top: 0.0,
        };
        draw(frame, &self.alt(), class, |pen| self.paint(pen, Way::Up))
    }

    fn right(&self, width: u32, class: &str) -> String {
        let (low, high) = self.range();
        let room = f64::from(width) * 0.36;
        let names: Vec<String> = self.similar.categories.iter().map(|name| shortened(name, TEXT, room)).collect();
        let frame = Frame {
            width,
            height: (76 + (16 + 14 * self.similar.series.len()) * names.len()) as u32,
            x: Axis::linear(low, high, if width < 500 { 4 } else { 6 }),
            y: Axis::bands(&names).reversed(),
            x_title: &self.similar.measure.axis(),
            y_title: &self.axis(),
            right: 6.0,
            top: 0.0,
        };
        draw(frame, &self.alt(), class, |pen| self.paint(pen, Way::Right))
    }

    /// What categories differ in; names of representations say it themselves.
    fn axis(&self) -> String {
        match self.similar.variable.as_str() {
            column::A => String::new(),
            name => name.replace('_', " "),
        }
    }

    /// From zero, or from below it, to the highest value of any kind.
    fn range(&self) -> (f64, f64) {
        let all = self.similar.means.iter().flat_map(|mean| {
            let (low, high) = ends(mean);
            let ceiling = mean.ceiling.map_or([None, None], |(low, high)| [Some(low), Some(high)]);
            let own = mean.own.iter().filter(|_| self.subjects).map(|(_, value)| *value);
            [mean.value, low, high].into_iter().chain(ceiling.into_iter().flatten()).chain(own).collect::<Vec<_>>()
        });
        let sorted = density::sorted(all.filter(|x| x.is_finite()));
        let (low, high) = (sorted.first().copied().unwrap_or(0.0), sorted.last().copied().unwrap_or(1.0));
        (low.min(0.0), high.max(0.0))
    }

    fn paint(&self, pen: &mut Pen<'_>, way: Way) {
        let count = self.similar.categories.len() as f64;
        pen.line(vec![way.at(-0.5, 0.0), way.at(count - 0.5, 0.0)], Colour::Muted, 1.0);
        self.ceilings(pen, way);
        if self.similar.ordered {
            for series in 0..self.similar.series.len() {
                let of_series = self.similar.means.iter().filter(|mean| mean.series == series);
                let path = of_series.map(|mean| way.at(self.place(mean), mean.value)).collect();
                pen.line(path, self.colour(series), 1.5);
            }
        }
        for mean in &self.similar.means {
            if self.subjects && mean.own.len() > 1 {
                self.each(pen, way, mean);
            }
            let (at, colour) = (self.place(mean), self.colour(mean.series));
            pen.mark(&self.told(mean), None, |pen| {
                let (low, high) = ends(mean);
                pen.line(vec![way.at(at, low), way.at(at, high)], colour, 2.0);
                pen.dot(way.at(at, mean.value), 4.6, Colour::Paper, 1.0);
                pen.dot(way.at(at, mean.value), 3.6, colour, 1.0);
            });
        }
    }

    /// Ceilings, each over its own category: those of other stimuli or subjects are others. Of several series, each stands over its own
    /// means, since bands on one another tell nothing.
    fn ceilings(&self, pen: &mut Pen<'_>, way: Way) {
        let several = self.similar.series.len() > 1;
        for series in 0..self.similar.series.len() {
            let of_series = self.similar.means.iter().filter(|mean| mean.series == series);
            let known: Vec<(&Mean, (f64, f64))> = of_series.filter_map(|mean| Some((mean, mean.ceiling?))).collect();
            let same = |a: &(&Mean, (f64, f64)), b: &(&Mean, (f64, f64))| {
                !several && a.0.category + 1 == b.0.category && a.1 == b.1
            };
            for run in known.chunk_by(same) {
                let half = if several { 0.46 * self.share() } else { 0.5 };
                let at = |mean: &Mean| if several { self.place(mean) } else { mean.category as f64 };
                let (from, to) = (at(run[0].0) - half, at(run[run.len() - 1].0) + half);
                let ends = run[0].1;
                let text = self.of_ceiling(series, ends);
                let colour = self.colour(series);
                pen.mark(&text, None, |pen| self.bound(pen, way, (from, to), ends, colour));
                // Of several series, or of several ceilings, colours and captions tell.
                if !several && run.len() == self.similar.categories.len() {
                    let face = Face::of(Colour::Muted);
                    match way {
                        Way::Up => pen.text((from, ends.1), (4.0, -2.0), &text, face.at(HPos::Left, VPos::Bottom)),
                        Way::Right => pen.text((ends.1, from), (0.0, 0.0), &text, face.at(HPos::Right, VPos::Bottom)),
                    }
                }
            }
        }
    }

    /// A ceiling along some categories: a band between two ends, else a line.
    fn bound(&self, pen: &mut Pen<'_>, way: Way, (from, to): (f64, f64), (low, high): (f64, f64), colour: Colour) {
        let several = self.similar.series.len() > 1;
        if matches!(self.similar.ceiling, Ceiling::Band(..)) {
            pen.bar(way.at(from, low), way.at(to, high), colour, 0.14);
            for end in [low, high] {
                pen.line(vec![way.at(from, end), way.at(to, end)], colour, 0.8);
            }
        } else {
            let colour = if several { colour } else { Colour::Reference };
            pen.line(vec![way.at(from, low), way.at(to, low)], colour, 1.5);
        }
    }

    fn of_ceiling(&self, series: usize, (low, high): (f64, f64)) -> String {
        let print = |x| self.similar.measure.value(x);
        let name = &self.similar.series[series];
        let of = if name.is_empty() { String::new() } else { format!(" of {name}") };
        match self.similar.ceiling {
            Ceiling::Band(..) => format!("noise ceiling{of}: {} to {}", print(low), print(high)),
            Ceiling::Between(_) => format!("subjects{of} with one another: {}", print(low)),
            _ => format!("noise ceiling{of}: {}", print(low)),
        }
    }

    /// A subject each, beside the mean.
    fn each(&self, pen: &mut Pen<'_>, way: Way, mean: &Mean) {
        let (at, colour) = (self.place(mean), self.colour(mean.series));
        let step = (0.5 * self.share() / mean.own.len() as f64).min(0.06);
        let first = -step * (mean.own.len() - 1) as f64 / 2.0;
        for (place, (subject, value)) in mean.own.iter().enumerate() {
            let name = self.similar.name(mean);
            let text = format!("{subject} · {} · {name}", self.similar.measure.value(*value));
            let text = text.trim_end_matches(" · ").trim_start_matches(" · ");
            let shifted = at + first + step * place as f64;
            pen.mark(text, None, |pen| pen.dot(way.at(shifted, *value), 2.2, colour, 0.45));
        }
    }

    /// The room of a series within a category.
    fn share(&self) -> f64 {
        0.7 / self.similar.series.len() as f64
    }

    /// Where a mean stands: series beside one another.
    fn place(&self, mean: &Mean) -> f64 {
        mean.category as f64 + self.share() * (mean.series as f64 + 0.5) - 0.35
    }

    fn colour(&self, series: usize) -> Colour {
        Colour::among(series, self.similar.series.len())
    }

    fn told(&self, mean: &Mean) -> String {
        let print = |x| self.similar.measure.value(x);
        let spread = match mean.spread {
            Spread::Unknown => String::new(),
            Spread::Sem(sem) => format!(" ± {} SEM", print(sem)),
            Spread::Interval(low, high) => format!(" ({} to {})", print(low), print(high)),
        };
        let over = if mean.subjects > 1 {
            format!(" · mean over {}", counted(mean.subjects, "subject"))
        } else {
            String::new()
        };
        let text = format!("{} · {}{spread}{over}", self.similar.name(mean), print(mean.value));
        text.trim_start_matches(" · ").to_owned()
    }

    fn alt(&self) -> String {
        let listed: Vec<String> = self.similar.means.iter().take(24).map(|mean| self.told(mean)).collect();
        let rest = if self.similar.means.len() > 24 { "; and more" } else { "" };
        format!("{}: {}{rest}.", capital(&self.similar.measure.label), listed.join("; "))
    }

    fn caption(&self) -> String {
        let similar = self.similar;
        let (least, most) = similar.subjects();
        let mut text = if most > 1 { "Dot: mean over subjects".to_owned() } else { "Dot: one comparison".to_owned() };
        let any = |of: fn(&Spread) -> bool| similar.means.iter().any(|mean| of(&mean.spread));
        match (any(|spread| matches!(spread, Spread::Interval(..))), any(|spread| matches!(spread, Spread::Sem(_)))) {
            (true, true) => {
                text += &format!("; line: {} where there is one, else ± SEM over subjects", similar.interval)
            }
            (true, false) => text += &format!("; line: {}", similar.interval),
            (false, true) => text += "; line: ± SEM over subjects",
            (false, false) => {}
        }
        if self.subjects {
            text += "; small dots: subjects";
        }
        if most > 1 {
            let from = if least == most { String::new() } else { format!("{least} to ") };
            text += &format!("; n = {from}{}", counted(most, "subject"));
        }
        text += ".";
        if similar.ordered && similar.categories.len() > 1 {
            text +=
                if similar.series.len() > 1 { " Lines join means of one colour." } else { " A line joins the means." };
        }
        text + &self.of_ceilings()
    }

    /// What the band or line of ceilings is, and how many means have none.
    fn of_ceilings(&self) -> String {
        let similar = self.similar;
        let known = similar.means.iter().filter(|mean| mean.ceiling.is_some()).count();
        let each = if similar.series.len() > 1 { ", behind the means that it is of" } else { "" };
        let text = match similar.ceiling {
            _ if known == 0 => return String::new(),
            Ceiling::Band(..) => format!(
                " Band{each}: the noise ceiling between subjects, from its lower to its upper bound: the best of models lies between them."
            ),
            Ceiling::Between(_) => {
                let line = if each.is_empty() { "Dashed" } else { "Level lines" };
                let each = each.replace("it is", "they are");
                format!(
                    " {line}{each}: how alike subjects are to one another, in the mean; a model may be nearer to them."
                )
            }
            _ => format!(" Dashed{each}: the noise ceiling, which no model can exceed."),
        };
        match similar.means.len() - known {
            0 => text,
            without => format!("{text} {without} of {} have none.", similar.means.len()),
        }
    }
}

/// The ends of what a mean may be off.
fn ends(mean: &Mean) -> (f64, f64) {
    match mean.spread {
        Spread::Unknown => (mean.value, mean.value),
        Spread::Sem(sem) => (mean.value - sem, mean.value + sem),
        Spread::Interval(low, high) => (low, high),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::report::draw::svg::Colour;
    use crate::report::fixture::{Fixture, Options, drawn, fixture};

    fn study() -> Fixture {
        let layers = ["features.1", "features.3"].map(str::to_owned).to_vec();
        fixture(Options { layers, units: vec!["u".to_owned()], stimuli: 24, alike: true, ..Options::default() })
    }

    #[test]
    fn means_and_subjects_stand_between_the_ceilings_of_their_region() {
        let figure = drawn(&study(), "similarity", "rsa", json!({})).expect("a figure");
        assert_eq!(figure.title, "Representational similarity by layer");
        assert_eq!(
            figure.data.csv(),
            "layer,region,subject,similarity,sem,low,high,subjects,least ceiling,greatest ceiling\n\
             features.1,V4,,0.125,0.03125,,,3,0.75,0.875\n\
             features.1,V4,ann,0.109375,,,,,,\nfeatures.1,V4,bob,0.125,,,,,,\nfeatures.1,V4,cid,0.140625,,,,,,\n\
             features.1,IT,,0.1875,0.03125,,,3,0.625,0.75\n\
             features.1,IT,ann,0.171875,,,,,,\nfeatures.1,IT,bob,0.1875,,,,,,\nfeatures.1,IT,cid,0.203125,,,,,,\n\
             features.3,V4,,0.1875,0.03125,,,3,0.75,0.875\n\
             features.3,V4,ann,0.171875,,,,,,\nfeatures.3,V4,bob,0.1875,,,,,,\nfeatures.3,V4,cid,0.203125,,,,,,\n\
             features.3,IT,,0.25,0.03125,,,3,0.625,0.75\n\
             features.3,IT,ann,0.234375,,,,,,\nfeatures.3,IT,bob,0.25,,,,,,\nfeatures.3,IT,cid,0.265625,,,,,,\n"
        );
        assert_eq!(
            figure.caption,
            "Dot: mean over subjects; line: ± SEM over subjects; small dots: subjects; n = 3 subjects. Lines join means of one colour. \
             Band, behind the means that it is of: the noise ceiling between subjects, from its lower to its upper bound: the best of \
             models lies between them."
        );
        let legend = [(Colour::Series(0).class(), "V4".to_owned()), (Colour::Series(1).class(), "IT".to_owned())];
        assert_eq!((figure.legend_title.as_str(), figure.legend.as_slice()), ("region", &legend[..]));
        let picture = &figure.panels[0].wide;
        for text in [
            "<title>features.3, IT · .250 ± .031 SEM · mean over 3 subjects</title>",
            "<title>cid · .266 · features.3, IT</title>",
        ] {
            assert_eq!(picture.matches(text).count(), 1, "{text}");
        }
        assert_eq!(picture.matches("<title>noise ceiling of V4: .750 to .875</title>").count(), 2, "one a layer");
    }

    #[test]
    fn subjects_may_be_hidden_and_what_is_no_bound_is_a_line() {
        let figure = drawn(&study(), "similarity", "cka", json!({ "subjects": "hidden" })).expect("a figure");
        assert_eq!(figure.title, "CKA by layer");
        let picture = &figure.panels[0].wide;
        assert!(!picture.contains("<title>cid"), "{picture}");
        assert!(picture.contains("<title>subjects of IT with one another: .625</title>"), "{picture}");
        assert_eq!(
            figure.caption,
            "Dot: mean over subjects; line: ± SEM over subjects; n = 3 subjects. Lines join means of one colour. Level lines, behind the \
             means that they are of: how alike subjects are to one another, in the mean; a model may be nearer to them."
        );
        assert_eq!(
            figure.definition,
            "CKA: how well kernels align. CKA between subjects: mean CKA of a subject with each other one."
        );
    }

    #[test]
    fn regions_may_stand_along_x() {
        let figure = drawn(&study(), "similarity", "rsa", json!({ "x": "region" })).expect("a figure");
        assert_eq!(
            (figure.title.as_str(), figure.legend_title.as_str()),
            ("Representational similarity by region", "layer")
        );
        assert!(!figure.caption.contains("join"), "regions have no order");
        assert!(drawn(&study(), "similarity", "scores", json!({})).is_none());
    }
}
