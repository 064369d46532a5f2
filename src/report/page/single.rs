//! One chart by itself, outside a page: markup with the colours it needs, and what a terminal shows of it.

use std::fmt::Write;

use crate::kind::Role;
use crate::plan::{Chart, ReportItem};
use crate::report::charts;
use crate::report::charts::options::OfScores;
use crate::report::draw::base64::base64;
use crate::report::draw::density;
use crate::report::draw::svg::escape;
use crate::report::page::choose::{Item, declared};
use crate::report::read::measure::capital;
use crate::report::read::results::Results;
use crate::report::read::sample::Sample;
use crate::report::read::study::{ReportError, Study};

const STYLE: &str = include_str!("style.css");
/// Characters of a chart in a terminal, between the names and the numbers.
const WIDTH: usize = 44;

/// A chart that stands alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    pub title: String,
    /// What is drawn, n, and what error bars are; sentences.
    pub caption: String,
    /// The definition of the score; empty where the chart shows none.
    pub definition: String,
    /// Headings, and pictures as markup: SVG, or thumbnails.
    pub panels: Vec<(String, String)>,
    /// Classes of colours, and what they stand for.
    pub legend: Vec<(String, String)>,
    /// The scores as text, where the chart is of scores.
    pub text: Option<String>,
}

/// Draws the chart that a recipe would; an error says why there is none.
pub fn drawing(study: &Study<'_>, chart: &Chart) -> Result<Drawing, ReportError> {
    let results = Results::new(study);
    let figure = match declared(&results, &ReportItem::Chart(chart.clone()))? {
        Item::Figure(figure) => figure,
        Item::Missing(why) => return Err(ReportError::new(why)),
        Item::Text(_) | Item::Table(_) => return Err(ReportError::new("this is no chart")),
    };
    Ok(Drawing {
        title: figure.title,
        caption: figure.caption,
        definition: figure.definition,
        panels: figure.panels.into_iter().map(|panel| (panel.heading, panel.wide)).collect(),
        legend: figure.legend,
        text: scores(&results, chart),
    })
}

impl Drawing {
    /// As HTML with everything that it needs, on white paper.
    pub fn html(&self) -> String {
        // Nested, since a notebook has elements of its own.
        let mut html = format!(
            "<div class=\"ventral-chart\"><style>.ventral-chart {{ {} padding: .4em; max-width: 60em;\n\
             .said {{ font-size: .85em; color: #5b6069; }}\n{}}}</style>",
            colours(),
            rules()
        );
        let _ = write!(html, "<b>{}</b>", escape(&self.title));
        if !self.legend.is_empty() {
            html.push_str("<div>");
            for (class, label) in &self.legend {
                let _ = write!(
                    html,
                    "<svg viewBox=\"0 0 16 10\" width=\"16\" height=\"10\"><rect class=\"f-{}\" y=\"3\" width=\"16\" height=\"4\"/></svg> {} ",
                    escape(class),
                    escape(label)
                );
            }
            html.push_str("</div>");
        }
        for (heading, markup) in &self.panels {
            if !heading.is_empty() {
                let _ = write!(html, "<div>{}</div>", escape(heading));
            }
            html.push_str(markup);
        }
        let _ = write!(html, "<div class=\"said\">{}", escape(&self.caption));
        if !self.definition.is_empty() {
            let _ = write!(html, " {}", escape(&self.definition));
        }
        html.push_str("</div></div>");
        html
    }

    /// As an SVG file, where the chart is one picture.
    pub fn svg(&self) -> Option<String> {
        let [(_, markup)] = self.panels.as_slice() else { return None };
        let inner = markup.strip_prefix("<svg ")?;
        let (head, body) = inner.split_once('>')?;
        let head = head.replacen("class=\"", "class=\"ventral-chart ", 1);
        let xml = if head.contains("xmlns=") { "" } else { "xmlns=\"http://www.w3.org/2000/svg\" " };
        // Not nested: few programs that draw SVG know that.
        let style = format!(".ventral-chart {{ {} }}\n{}", colours(), rules());
        Some(format!(
            "<svg {xml}{head}><style>{style}</style><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>{body}\n"
        ))
    }
}

/// A file within a page.
pub fn data_uri(mime: &str, bytes: &[u8]) -> String {
    format!("data:{mime};base64,{}", base64(bytes))
}

/// The style sheet's rules for charts, in their light colours.
fn rules() -> String {
    let chart = [".f-", "[class^=\"k-\"]", "rect[class^=", ".chart text", "svg.chart", ".sheet"];
    let lines = STYLE.lines().filter(|line| chart.iter().any(|start| line.starts_with(start)));
    lines.map(|line| format!("{line}\n")).collect()
}

/// What the rules name, for one element and what is in it.
fn colours() -> String {
    let root = STYLE.split_once(":root {").and_then(|(_, rest)| rest.split_once('}')).map_or("", |(inner, _)| inner);
    let root = root.replace('\n', " ").replace("color-scheme: light dark;", "");
    format!("background: #fff; color: #1b1d21; font-family: sans-serif; {root}")
}

/// The scores behind a chart of scores, a line per group: whiskers, box and median, or a bar where only a mean is known.
fn scores(results: &Results<'_>, chart: &Chart) -> Option<String> {
    let of_scores = |kind: &str| charts::charts().get(kind).is_some_and(|chart| chart.draws.contains(&Role::Scores));
    if chart.kind.as_deref().is_some_and(|kind| !of_scores(kind)) {
        return None;
    }
    let OfScores { x, y, .. } = serde_json::from_value(chart.options.clone().into()).ok()?;
    let sample = Sample::gather(results, &chart.nodes, chart.port.as_deref().into(), x.as_deref(), y.as_deref())?;
    let all = density::sorted(sample.groups.iter().flat_map(|group| group.values.iter().map(|value| value.1)));
    let means = || sample.groups.iter().filter_map(|group| group.summary.map(|summary| summary.mean));
    let low = all.first().copied().unwrap_or(0.0).min(means().fold(0.0, f64::min));
    let high = all.last().copied().unwrap_or(0.0).max(means().fold(f64::MIN_POSITIVE, f64::max));
    let names: Vec<String> = sample.groups.iter().map(|group| sample.name(group)).collect();
    let wide = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let place = |x: f64| (((x - low) / (high - low)).clamp(0.0, 1.0) * (WIDTH - 1) as f64).round() as usize;
    let mut text = format!("{}\n", capital(&sample.measure.axis()));
    for (group, name) in sample.groups.iter().zip(&names) {
        let mut line = vec![' '; WIDTH];
        let values = density::sorted(group.values.iter().map(|value| value.1));
        if let Some(found) = density::boxed(&values) {
            line[place(found.low)..=place(found.high)].fill('─');
            line[place(found.low)] = '├';
            line[place(found.high)] = '┤';
            line[place(found.q1)..=place(found.q3)].fill('▒');
            line[place(found.median)] = '█';
        } else if let Some(summary) = group.summary {
            let (from, to) = (place(0.0f64.min(summary.mean)), place(0.0f64.max(summary.mean)));
            line[from..=to].fill('▒');
        }
        let line: String = line.into_iter().collect();
        let said = group.summary.map_or_else(String::new, |summary| {
            let sem = summary.sem.map_or_else(String::new, |sem| format!(" ± {}", sample.measure.value(sem)));
            format!("{}{sem} (n = {})", sample.measure.value(summary.mean), summary.n)
        });
        let _ = writeln!(text, "{name:>wide$} │{line}│ {said}");
    }
    let (from, to) = (sample.measure.value(low), sample.measure.value(high));
    let gap = (WIDTH + 2).saturating_sub(from.chars().count() + to.chars().count());
    let _ = write!(text, "{:>wide$} {from}{:gap$}{to}", "", "");
    Some(text)
}
