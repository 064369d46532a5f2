//! The page of a comparison: what was done otherwise, and what came of it unit by unit.

use minijinja::{AutoEscape, Environment, context};
use plotters::style::text_anchor::{HPos, VPos};
use serde::Serialize;

use crate::report::comparison::outcome::{Comparison, Correction, Paired, Verdict};
use crate::report::draw::axis::Axis;
use crate::report::draw::data::{Data, cell, maybe};
use crate::report::draw::figure::{Face, Figure, Frame, Panel, TEXT, draw};
use crate::report::draw::medium::Medium;
use crate::report::draw::number::{counted, probability};
use crate::report::draw::svg::{Colour, shortened};
use crate::report::page::{FIGURE, SCRIPT, STYLE, Shown, file_name};
use crate::report::read::measure::{Measure, Measures, capital};
use crate::report::read::pairs::{short, sign};
use crate::report::read::study::ReportError;

const TEMPLATE: &str = include_str!("compare.html");

/// More rows than these nobody reads; the table has them all.
const ROWS: usize = 16;
/// More panels than these nobody compares.
const PANELS: usize = 6;

/// One of the two studies, as a page calls it.
#[derive(Clone, Debug, Serialize)]
pub struct Named {
    /// What the numbers are of: a report's name, with a run's number where it is not as it stands.
    pub label: String,
    /// The folder of its report.
    pub name: String,
    pub title: String,
    /// RFC 3339: when the run ended; none for a study as it stands.
    pub ended: Option<String>,
    /// Where its report lies, seen from the page.
    pub address: Option<String>,
}

/// Two studies and what they differ in.
pub struct Page<'a> {
    pub sides: [Named; 2],
    pub found: &'a Comparison,
}

/// The answer in a sentence around a number.
#[derive(Serialize)]
struct Answer {
    before: String,
    score: String,
    after: String,
    sure: Vec<String>,
}

#[derive(Serialize)]
struct Line {
    name: String,
    measure: String,
    cells: Vec<(String, Option<f64>)>,
    scored: String,
}

#[derive(Serialize)]
struct Units {
    title: String,
    rows: Vec<(String, Vec<(String, f64)>)>,
}

impl Page<'_> {
    /// The page as HTML, self-contained; equal comparisons give equal bytes.
    pub fn page(&self) -> Result<String, ReportError> {
        let [a, b] = &self.sides;
        let title = |side: &Named| if side.title.is_empty() { side.name.clone() } else { side.title.clone() };
        let heading = if title(a) == title(b) {
            format!("{} From {} to {}", title(b), a.label, b.label)
        } else {
            format!("{} Against: {}", title(b), title(a))
        };
        let file = format!("{}..{}", a.label, b.label);
        let measures = self.found.measures();
        let first = measures.first().map(|name| self.found.of(name)).unwrap_or_default();
        let mut figures: Vec<Figure> = Vec::new();
        for (at, name) in measures.iter().enumerate() {
            let pairs = self.found.of(name);
            figures.extend(differences(&pairs, self.found.correction));
            if at == 0 {
                figures.extend(scatters(&pairs, &self.sides));
            }
        }
        let mut shown = figures.into_iter().enumerate().map(|(at, figure)| {
            let file = file_name(&file, &figure.title);
            Shown::of(figure, format!("figure-{at}"), file, Vec::new())
        });
        let key_figure = shown.next();
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        let failed = |e: minijinja::Error| ReportError::new(format!("{e:#}"));
        environment.add_template("figure.html", FIGURE).map_err(failed)?;
        environment.add_template("compare.html", TEMPLATE).map_err(failed)?;
        let template = environment.get_template("compare.html").map_err(failed)?;
        let page = template.render(context! {
            style => STYLE,
            script => SCRIPT,
            title => heading,
            sides => self.sides,
            answer => answer(&first, self.found.correction),
            correction => self.found.correction.words(),
            definition => first.first().map(|one| of_measure(one).sentence()),
            changes => self.found.changes.iter().map(|change| change.words()).collect::<Vec<_>>(),
            key_figure => key_figure,
            figures => shown.collect::<Vec<_>>(),
            lines => lines(self.found),
            csv => table(self.found).address(),
            file => file_name(&file, "scores"),
            units => units(self.found),
            apart => self.found.apart,
            command => format!("ventral compare {} {} --html", a.label, b.label),
            version => env!("CARGO_PKG_VERSION"),
        });
        page.map_err(failed)
    }
}

fn of_measure(pair: &Paired) -> Measure {
    let own = [(pair.measure.clone(), pair.definition.clone())].into();
    Measures::among(pair.declared).measure(&pair.measure, &own)
}

/// A difference with its sign, which a score alone has only where it is negative.
fn signed(measure: &Measure, x: f64) -> String {
    if x > 0.0 { format!("+{}", measure.value(x)) } else { measure.value(x) }
}

fn interval(measure: &Measure, pair: &Paired) -> Option<String> {
    let (low, high) = pair.low.zip(pair.high)?;
    Some(format!("{} to {}", signed(measure, low), signed(measure, high)))
}

fn answer(pairs: &[&Paired], correction: Correction) -> Answer {
    let nothing = || Answer {
        before: "None of their evaluations can be compared.".to_owned(),
        score: String::new(),
        after: String::new(),
        sure: Vec::new(),
    };
    let Some(first) = pairs.first() else { return nothing() };
    let measure = of_measure(first);
    let mut sure = Vec::new();
    let (before, score, after);
    if let [one] = pairs {
        let equal = one.is_same();
        before = match one.verdict() {
            _ if equal => format!("B scores what A does, unit by unit: mean {} ", measure.label),
            Verdict::Higher => format!("B scores higher than A: mean {} ", measure.label),
            Verdict::Lower => format!("B scores lower than A: mean {} ", measure.label),
            Verdict::Open => format!("B and A do not differ beyond chance: mean {} ", measure.label),
        };
        score = measure.value(one.mean_b);
        after = if equal {
            format!(" over {}.", counted(one.units, "unit"))
        } else {
            let within = interval(&measure, one).map(|text| format!(" (95 % interval {text})")).unwrap_or_default();
            format!(
                " against {}, a paired difference of {}{within} over {}.",
                measure.value(one.mean_a),
                signed(&measure, one.difference),
                counted(one.units, "unit")
            )
        };
        if let Some(p) = one.p_adjusted.or(one.p) {
            sure.push(format!("Wilcoxon’s signed-rank test over units: p {}, {}.", sign(p), correction.words()));
        }
    } else {
        let count = |verdict: Verdict| pairs.iter().filter(|one| one.verdict() == verdict).count();
        let (higher, lower, open) = (count(Verdict::Higher), count(Verdict::Lower), count(Verdict::Open));
        let of = counted(pairs.len(), "evaluation");
        let score_of =
            |count: usize, how: &str| format!("{count} score{} {how} in B", if count == 1 { "s" } else { "" });
        (before, score) = match (higher, lower) {
            (0, 0) if pairs.iter().all(|one| one.is_same()) => {
                (format!("In {} B scores what A does, unit by unit, in ", measure.label), format!("all {of}"))
            }
            (0, 0) => {
                (format!("In mean {} B and A do not differ beyond chance in ", measure.label), format!("any of {of}"))
            }
            (0, _) => (format!("Of {of} in mean {}, ", measure.label), score_of(lower, "lower")),
            _ => (format!("Of {of} in mean {}, ", measure.label), score_of(higher, "higher")),
        };
        let rest = match (higher, lower) {
            (0, 0) => String::new(),
            (0, _) => format!(", none higher, and {open} with no difference beyond chance"),
            _ => format!(", {lower} lower, and {open} with no difference beyond chance"),
        };
        let most = pairs.iter().max_by(|x, y| x.difference.abs().total_cmp(&y.difference.abs())).unwrap_or(first);
        let most_of = most.name().replacen('@', ", ", 1).replace(['=', '_'], " ");
        after = match most.is_same() {
            true => ".".to_owned(),
            false => format!("{rest}; the largest difference is {} ({most_of}).", signed(&measure, most.difference)),
        };
        sure.push(format!("Judged by Wilcoxon’s p over units, below .05, {}.", correction.words()));
    }
    if pairs.iter().any(|one| !one.same_rows) {
        sure.push(
            "The two were not scored on the same stimuli, so a part of the difference may be the stimuli’s.".to_owned(),
        );
    }
    Answer { before, score, after, sure }
}

/// The variant of each contrast that has one, where those that do are variants of one name.
fn variants<'c>(pairs: &[&'c Paired]) -> Option<Vec<Option<&'c str>>> {
    let split = |one: &&'c Paired| one.b.split_once('@').filter(|_| one.a == one.b);
    let all: Vec<Option<(&str, &str)>> = pairs.iter().map(split).collect();
    let mut names = all.iter().flatten().map(|(name, _)| name);
    let first = names.next()?;
    let several = all.iter().flatten().count() > 1 && names.all(|name| name == first);
    several.then(|| all.iter().map(|one| one.map(|(_, variant)| variant)).collect())
}

/// What contrasts are called: by the variant alone, as `told` words it, where the name goes without saying.
fn named(pairs: &[&Paired], told: impl Fn(&str) -> String) -> Vec<String> {
    let variants = variants(pairs).unwrap_or_else(|| vec![None; pairs.len()]);
    pairs.iter().zip(variants).map(|(one, variant)| variant.map_or_else(|| one.name(), &told)).collect()
}

/// What rows are called: values, since variables stand above them.
fn names(pairs: &[&Paired]) -> Vec<String> {
    named(pairs, short)
}

/// What panels are called, which stand by themselves.
fn headings(pairs: &[&Paired]) -> Vec<String> {
    let worded = |variant: &str| {
        let parts = variant.split(',').map(|part| part.replacen('=', " ", 1).replace('_', " "));
        parts.collect::<Vec<_>>().join(", ")
    };
    named(pairs, worded)
}

/// Each unit's difference, with their mean and its interval.
fn differences(pairs: &[&Paired], correction: Correction) -> Option<Figure> {
    let measure = of_measure(pairs.first()?);
    let shown = &pairs[..pairs.len().min(ROWS)];
    let panel = Medium::Page.both(|size| rows(shown, &measure, size));
    let mut data = Data::of(["evaluation", "unit", "a", "b", "difference"]);
    for one in pairs {
        for unit in &one.per_unit {
            data.row([one.name(), unit.unit.clone(), cell(unit.a), cell(unit.b), cell(unit.b - unit.a)]);
        }
    }
    let (least, most) = (shown.iter().map(|one| one.units).min()?, shown.iter().map(|one| one.units).max()?);
    let n = if least == most { counted(most, "unit") } else { format!("{least} to {}", counted(most, "unit")) };
    let mut caption = format!(
        "Grey dots: one unit’s difference, B − A. Large dot: their mean; line: bootstrap 95 % interval of the mean over \
         units; n = {n}. p: Wilcoxon signed-rank test over units"
    );
    caption += &format!(", {}.", correction.words());
    if pairs.len() > ROWS {
        caption += &format!(" The first {ROWS} of {}; the table has all.", counted(pairs.len(), "evaluation"));
    }
    Some(Figure {
        title: format!("Difference in {}, unit by unit", measure.label),
        panels: vec![panel],
        layout: "one",
        data,
        caption,
        definition: measure.sentence(),
        ..Figure::default()
    })
}

fn rows(pairs: &[&Paired], measure: &Measure, (width, class): (u32, &'static str)) -> String {
    let labels: Vec<String> = names(pairs).iter().map(|name| shortened(name, TEXT, f64::from(width) * 0.32)).collect();
    let all = pairs.iter().flat_map(|one| {
        let units = one.per_unit.iter().map(|unit| unit.b - unit.a);
        units.chain([one.low, one.high].into_iter().flatten())
    });
    let all: Vec<f64> = all.filter(|x| x.is_finite()).collect();
    let (low, high) = (all.iter().copied().fold(0.0, f64::min), all.iter().copied().fold(0.0, f64::max));
    let x_title = match measure.unit {
        "" => format!("Difference in {}, B − A", measure.label),
        unit => format!("Difference in {}, B − A ({unit})", measure.label),
    };
    let variables = variants(pairs).and_then(|all| {
        let names =
            all.into_iter().flatten().next()?.split(',').map(|part| part.split_once('=').map_or("", |(name, _)| name));
        Some(names.collect::<Vec<_>>().join(", ").replace('_', " "))
    });
    let variables = variables.unwrap_or_default();
    let frame = Frame {
        width,
        height: 88 + 46 * pairs.len().max(2) as u32,
        x: Axis::linear(low, high, if width < 500 { 3 } else { 6 }),
        y: Axis::bands(&labels).reversed(),
        x_title: &x_title,
        y_title: &variables,
        right: 74.0,
        top: 0.0,
    };
    let end = frame.x.ends().1;
    let told = |one: &Paired| {
        let within = interval(measure, one).map(|text| format!(" ({text})")).unwrap_or_default();
        let p = one.p_adjusted.map(|p| format!(", p {}", sign(p))).unwrap_or_default();
        format!("{}: mean {}{within}{p}, {}", one.name(), signed(measure, one.difference), counted(one.units, "unit"))
    };
    let alt = format!("{}. {}.", x_title, pairs.iter().map(|one| told(one)).collect::<Vec<_>>().join("; "));
    draw(frame, &alt, class, |pen| {
        pen.line(vec![(0.0, -0.5), (0.0, pairs.len() as f64 - 0.5)], Colour::Muted, 1.2);
        for (row, one) in pairs.iter().enumerate() {
            let row = row as f64;
            for (at, unit) in one.per_unit.iter().enumerate() {
                // Spread evenly and always alike: multiples of the golden ratio.
                let shift = ((at as f64 * 0.618_034).fract() - 0.5) * 0.56;
                let said = format!(
                    "{}: {} (A {}, B {})",
                    unit.unit,
                    signed(measure, unit.b - unit.a),
                    measure.value(unit.a),
                    measure.value(unit.b)
                );
                let at = (unit.b - unit.a, row + shift);
                pen.mark(&said, Some(&unit.unit), |pen| pen.dot(at, 2.6, Colour::Muted, 0.45));
            }
            let colour = if one.verdict() == Verdict::Open { Colour::Ink } else { Colour::Main };
            pen.mark(&told(one), None, |pen| {
                if let Some((low, high)) = one.low.zip(one.high) {
                    pen.line(vec![(low, row), (high, row)], colour, 3.0);
                }
                pen.dot((one.difference, row), 6.2, Colour::Paper, 1.0);
                pen.dot((one.difference, row), 5.0, colour, 1.0);
            });
            if let Some(p) = one.p_adjusted {
                let face = Face::of(Colour::Muted).at(HPos::Left, VPos::Center);
                pen.text((end, row), (8.0, 0.0), &format!("p {}", sign(p)), face);
            }
        }
    })
}

/// Each unit's score in B over its score in A.
fn scatters(pairs: &[&Paired], sides: &[Named; 2]) -> Option<Figure> {
    let measure = of_measure(pairs.first()?);
    let shown = &pairs[..pairs.len().min(PANELS)];
    let titles = sides.each_ref().map(|side| shortened(&side.label, TEXT, 170.0));
    let panels = shown.iter().zip(headings(shown)).map(|(one, name)| {
        let all = || one.per_unit.iter().flat_map(|unit| [unit.a, unit.b]);
        let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
        let frame = Frame {
            width: 300,
            height: 300,
            x: Axis::linear(low, high, 4),
            y: Axis::linear(low, high, 4),
            x_title: &format!("A: {}", titles[0]),
            y_title: &format!("B: {}", titles[1]),
            right: 8.0,
            top: 0.0,
        };
        let (from, to) = frame.x.ends();
        let note =
            format!("mean {} against {} · n = {}", measure.value(one.mean_b), measure.value(one.mean_a), one.units);
        let alt = format!("{} of each unit in B over A, {name}: {note}.", capital(&measure.label));
        let wide = draw(frame, &alt, "panel", |pen| {
            pen.line(vec![(from, from), (to, to)], Colour::Reference, 1.2);
            for unit in &one.per_unit {
                let said = format!("{}: A {}, B {}", unit.unit, measure.value(unit.a), measure.value(unit.b));
                pen.mark(&said, Some(&unit.unit), |pen| pen.dot((unit.a, unit.b), 2.8, Colour::Main, 0.6));
            }
        });
        Panel { heading: name, note, wide, ..Panel::default() }
    });
    let mut caption = format!("{}; each dot is one unit. Dashed: equality; above it B scores higher.", measure.axis());
    if pairs.len() > PANELS {
        caption += &format!(" The first {PANELS} of {}.", counted(pairs.len(), "evaluation"));
    }
    Some(Figure {
        title: format!("{} of each unit in both", capital(&measure.label)),
        panels: panels.collect(),
        layout: "grid",
        caption,
        ..Figure::default()
    })
}

fn lines(found: &Comparison) -> Vec<Line> {
    let line = |one: &Paired| {
        let measure = of_measure(one);
        let text = |p: Option<f64>| p.map_or("–".to_owned(), probability);
        let cells = vec![
            (measure.value(one.mean_a), Some(one.mean_a)),
            (measure.value(one.mean_b), Some(one.mean_b)),
            (signed(&measure, one.difference), Some(one.difference)),
            (interval(&measure, one).unwrap_or_else(|| "–".to_owned()), one.low),
            (text(one.p), one.p),
            (text(one.p_adjusted), one.p_adjusted),
            (one.units.to_string(), Some(one.units as f64)),
        ];
        Line { name: one.name(), measure: measure.label, cells, scored: one.scored() }
    };
    found.pairs.iter().map(line).collect()
}

fn table(found: &Comparison) -> Data {
    let heads = [
        "evaluation_a",
        "evaluation_b",
        "measure",
        "mean_a",
        "mean_b",
        "difference",
        "low",
        "high",
        "p",
        "p_adjusted",
        "units",
        "on",
    ];
    let mut data = Data::of(heads);
    for one in &found.pairs {
        let numbers = [
            cell(one.mean_a),
            cell(one.mean_b),
            cell(one.difference),
            maybe(one.low),
            maybe(one.high),
            maybe(one.p),
            maybe(one.p_adjusted),
            one.units.to_string(),
        ];
        let words = [one.a.clone(), one.b.clone(), one.measure.clone()];
        data.row(words.into_iter().chain(numbers).chain([one.on.clone()]));
    }
    data
}

/// The units of the measure that is talked of, a table per evaluation.
fn units(found: &Comparison) -> Vec<Units> {
    let Some(first) = found.measures().first().map(|name| found.of(name)) else { return Vec::new() };
    let table = |one: &&Paired| {
        let measure = of_measure(one);
        let rows = one.per_unit.iter().map(|unit| {
            let difference = unit.b - unit.a;
            let cells = [unit.a, unit.b].map(|x| (measure.value(x), x)).into_iter();
            (unit.unit.clone(), cells.chain([(signed(&measure, difference), difference)]).collect())
        });
        Units { title: format!("{} by unit, {}", capital(&measure.label), one.name()), rows: rows.collect() }
    };
    first.iter().take(ROWS).map(table).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind;
    use crate::report::comparison::outcome::{Change, Unit};

    const EXPLAINED: kind::Measure = kind::Measure {
        name: "explained_variance",
        label: "explained variance",
        unit: "fraction of variance",
        share: true,
        ..kind::Measure::PLAIN
    };

    fn pair(name: &str, differences: &[f64]) -> Paired {
        let per_unit = differences.iter().enumerate().map(|(at, difference)| {
            let a = 0.1 * at as f64;
            Unit { unit: format!("<u{at}>"), a, b: a + difference }
        });
        let mean = differences.iter().sum::<f64>() / differences.len() as f64;
        // As the interval has it.
        let clear = mean.abs() > 0.05;
        Paired {
            a: name.to_owned(),
            b: name.to_owned(),
            measure: EXPLAINED.name.to_owned(),
            definition: "1 − Var(y − ŷ) / Var(y)".to_owned(),
            mean_a: 0.2,
            mean_b: 0.2 + mean,
            difference: mean,
            low: Some(mean - 0.05),
            high: Some(mean + 0.05),
            p: Some(if clear { 0.02 } else { 0.3 }),
            p_adjusted: Some(if clear { 0.04 } else { 0.6 }),
            units: differences.len(),
            on: "val".to_owned(),
            rows: (80, 80),
            same_rows: true,
            per_unit: per_unit.collect(),
            declared: Some(&EXPLAINED),
        }
    }

    fn page(pairs: Vec<Paired>) -> String {
        let named = |label: &str| Named {
            label: label.to_owned(),
            name: "a".to_owned(),
            title: "<i>Which</i> layer?".to_owned(),
            ended: None,
            address: None,
        };
        let change = Change {
            nodes: vec!["<px>".to_owned()],
            what: "size".to_owned(),
            a: "8".to_owned(),
            b: "<script>".to_owned(),
        };
        let apart = vec![("<x>".to_owned(), "they explain <other> responses".to_owned())];
        let found = Comparison {
            a: "a@1".into(),
            b: "a@2".into(),
            changes: vec![change],
            pairs,
            apart,
            correction: Correction::Holm,
        };
        Page { sides: [named("a@1"), named("a@2")], found: &found }.page().expect("a page")
    }

    #[test]
    fn a_difference_is_told_with_interval_test_and_units() {
        let html = page(vec![pair("scores", &[0.1, 0.2, 0.3])]);
        for words in [
            "B scores higher than A: mean explained variance ",
            "<b>.400</b>",
            "against .200, a paired difference of +.200 (95 % interval +.150 to +.250) over 3 units",
            "Wilcoxon’s signed-rank test over units: p = .040, corrected by Holm over all scores compared.",
            "bootstrap 95 % interval of the mean over units; n = 3 units",
            "&lt;px&gt;: size: 8 → &lt;script&gt;",
        ] {
            assert!(html.contains(words), "no `{words}`");
        }
        for raw in ["<i>Which", "<u0>", "<px>", "8 → <script>", "<other>"] {
            assert!(!html.contains(raw), "`{raw}` is markup");
        }
        assert_eq!(html.matches("data-u=\"&lt;u1&gt;\"").count(), 4, "two widths of one chart, a panel, a row");
    }

    #[test]
    fn several_are_counted_and_none_is_said() {
        let html = page(vec![pair("s@layer=a", &[0.1, 0.2]), pair("s@layer=b", &[0.01, -0.02])]);
        assert!(html.contains("1 scores higher in B</b>, 0 lower, and 1 with no difference"));
        assert!(html.contains("largest difference is +.150 (s, layer a)"), "the largest");
        let html = page(vec![pair("s@layer=a", &[0.01, 0.02]), pair("s@layer=b", &[0.01, -0.02])]);
        assert!(html.contains("do not differ beyond chance in <b>any of 2 evaluations</b>;"));
        assert!(page(Vec::new()).contains("None of their evaluations can be compared."));
        assert!(page(vec![pair("s", &[0.0, 0.0])]).contains("B scores what A does, unit by unit"));
    }
}
