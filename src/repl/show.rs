//! How values look in a session: text in a terminal, HTML and pictures in a notebook, by evcxr's protocol.

use std::fmt::{self, Write};
use std::io::Write as _;
use std::path::PathBuf;

use comfy_table::{CellAlignment, presets};
use polars::frame::DataFrame;
use polars::prelude::AnyValue;
use typed_index_collections::{TiSlice, TiVec};

use crate::plan::{NodeIndex, Plan};
use crate::repl::Refusal;
use crate::repl::chart::Chart;
use crate::repl::handle::Run;
use crate::repl::images::Images;
use crate::repl::matrix::Matrix;
use crate::repl::node::{Node, Why};
use crate::repl::run::{Graph, Report};
use crate::repl::table;
use crate::repl::table::Table;
use crate::report::draw::dag::{Format, draw};
use crate::text::markup::escape;

/// Rows of a table that a terminal shows, and a notebook.
const ROWS: (usize, usize) = (24, 100);
/// Rows and columns of a matrix that are shown.
const CORNER: (usize, usize) = (8, 6);

/// What evcxr calls to show a cell's last value.
pub trait Show {
    /// As a terminal shows it.
    fn text(&self) -> String;

    /// As a notebook shows it; nothing where that is the text.
    fn html(&self) -> Option<String> {
        None
    }

    /// Sends both to evcxr, which takes what it can show.
    fn evcxr_display(&self) {
        send("text/plain", &self.text());
        if let Some(html) = self.html() {
            send("text/html", &html);
        }
    }
}

/// Content between the marks by which evcxr finds it on standard output.
fn send(mime: &str, content: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever reads has gone if this fails, and nobody is left to be told.
    let _ = writeln!(out, "EVCXR_BEGIN_CONTENT {mime}\n{content}\nEVCXR_END_CONTENT").and_then(|()| out.flush());
}

impl<T: Show, E: fmt::Display> Show for Result<T, E> {
    fn text(&self) -> String {
        match self {
            Ok(value) => value.text(),
            Err(error) => error.to_string(),
        }
    }

    fn html(&self) -> Option<String> {
        self.as_ref().ok().and_then(Show::html)
    }
}

impl Show for () {
    fn text(&self) -> String {
        String::new()
    }
}

impl Show for PathBuf {
    fn text(&self) -> String {
        self.display().to_string()
    }
}

impl Show for Refusal {
    fn text(&self) -> String {
        self.to_string()
    }
}

impl Show for Why {
    fn text(&self) -> String {
        self.to_string()
    }
}

impl Show for Report {
    fn text(&self) -> String {
        format!("{} (`.open()?` shows it)", self.path.display())
    }

    fn html(&self) -> Option<String> {
        let path = self.path.display().to_string();
        Some(format!("<a href=\"file://{0}\" target=\"_blank\">{0}</a>", escape(&path)))
    }
}

impl Show for DataFrame {
    fn text(&self) -> String {
        let names = names(self);
        let rows = (0..self.height().min(ROWS.0)).map(|row| cells(self, row)).collect();
        let mut text = aligned(&names, &numeric(self), rows);
        let _ = write!(text, "\n{} rows × {} columns", self.height(), self.width());
        if self.height() > ROWS.0 {
            let _ = write!(text, ", of which the first {} are shown", ROWS.0);
        }
        text
    }

    fn html(&self) -> Option<String> {
        let rows: Vec<Vec<String>> = (0..self.height().min(ROWS.1)).map(|row| cells(self, row)).collect();
        let mut html = tabled(&names(self), &numeric(self), &rows);
        let _ = write!(html, "<p>{} rows × {} columns</p>", self.height(), self.width());
        Some(html)
    }
}

impl Show for Table {
    fn text(&self) -> String {
        let mut text = self.frame.text();
        for (measure, definition) in self.definitions() {
            let _ = write!(text, "\n{measure}: {definition}");
        }
        text
    }

    fn html(&self) -> Option<String> {
        let mut html = self.frame.html()?;
        for (measure, definition) in self.definitions() {
            let _ = write!(html, "<p><b>{}</b>: {}</p>", escape(&measure), escape(&definition));
        }
        Some(html)
    }
}

impl Show for Matrix {
    fn text(&self) -> String {
        let (header, rows) = self.corner();
        let right: Vec<bool> = (0..header.len()).map(|at| at > 0).collect();
        format!("{}\n{}", self.said(), aligned(&header, &right, rows))
    }

    fn html(&self) -> Option<String> {
        let (header, rows) = self.corner();
        let right: Vec<bool> = (0..header.len()).map(|at| at > 0).collect();
        Some(format!("<p>{}</p>{}", escape(&self.said()).replace('\n', "<br>"), tabled(&header, &right, &rows)))
    }
}

impl Matrix {
    /// Its name, shape and what upstream fits have seen.
    fn said(&self) -> String {
        let about = &self.value.about;
        let what = if about.stimuli.is_some() { "stimuli" } else { "rows" };
        let mut said = format!("{}: {} {what} × {} columns", self.name, self.rows(), self.columns());
        if about.row_shape.len() > 1 {
            let _ = write!(said, ", a row is {:?}", about.row_shape);
        }
        for exposure in &about.lineage.fitted {
            let _ = write!(said, "\nfitted by {} on {} stimuli", exposure.by, exposure.len());
        }
        for exposure in &about.lineage.selected {
            let _ = write!(said, "\nselected by {} on {} stimuli", exposure.by, exposure.len());
        }
        said
    }

    /// The first rows and columns, with names; only what is shown is read.
    fn corner(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let (rows, columns) = (self.rows().min(CORNER.0), self.columns().min(CORNER.1));
        let (ids, names) = (self.ids(), self.names());
        let more = self.columns() > columns;
        let header = std::iter::once(String::new()).chain(names.into_iter().take(columns));
        let header = header.chain(more.then(|| "…".to_owned())).collect();
        let raw = self.value.raw();
        let mut numbers = vec![0.0; raw.columns];
        let mut lines: Vec<Vec<String>> = (0..rows)
            .map(|row| {
                raw.row(row, &mut numbers);
                let cells = numbers[..columns].iter().map(|number| format!("{number:.4}"));
                std::iter::once(ids[row].clone()).chain(cells).chain(more.then(String::new)).collect()
            })
            .collect();
        if self.rows() > rows {
            lines.push(
                std::iter::once("…".to_owned())
                    .chain((0..columns + usize::from(more)).map(|_| String::new()))
                    .collect(),
            );
        }
        (header, lines)
    }
}

impl Show for Images {
    fn text(&self) -> String {
        let ids = self.ids();
        let first = ids.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
        let more = if ids.len() > 6 { ", …" } else { "" };
        format!("{self:?}: {first}{more} (`.save(\"sheet.png\")?` writes a contact sheet)")
    }

    fn html(&self) -> Option<String> {
        let sheet = self.sheet().ok()?;
        let mut png = std::io::Cursor::new(Vec::new());
        sheet.write_to(&mut png, image::ImageFormat::Png).ok()?;
        let uri = crate::report::page::single::data_uri("image/png", png.get_ref());
        Some(format!("<p>{}</p><img src=\"{uri}\" width=\"{}\">", escape(&format!("{self:?}")), sheet.width()))
    }
}

impl Show for Chart {
    fn text(&self) -> String {
        let drawing = &self.drawing;
        let mut text = drawing.title.clone();
        if let Some(scores) = &drawing.text {
            let _ = write!(text, "\n{scores}");
        }
        let _ = write!(text, "\n{}", drawing.caption);
        if !drawing.definition.is_empty() {
            let _ = write!(text, "\n{}", drawing.definition);
        }
        text + "\n(`.open()?` shows it in the browser, `.save(\"chart.html\")?` writes it)"
    }

    fn html(&self) -> Option<String> {
        Some(self.drawing.html())
    }
}

const STANDINGS: [&str; 6] = ["node", "kind", "state", "took", "bytes", "why"];

impl Run {
    fn listed(&self, only: Option<&[NodeIndex]>) -> (Vec<String>, Vec<bool>, Vec<Vec<String>>) {
        let rows = self.standings().into_iter_enumerated();
        let rows = rows.filter(|(at, _)| only.is_none_or(|only| only.contains(at))).map(|(_, row)| row.to_vec());
        let right = STANDINGS.map(|name| matches!(name, "took" | "bytes")).to_vec();
        (STANDINGS.map(str::to_owned).to_vec(), right, rows.collect())
    }
}

impl Show for Run {
    fn text(&self) -> String {
        let (header, right, rows) = self.listed(None);
        let mut text =
            format!("{}: {}\n{}", self.session.plan.name, self.session.plan.title, aligned(&header, &right, rows));
        let warnings = self.warnings();
        if !warnings.is_empty() {
            let _ = write!(text, "\n{}", warnings.trim_end());
        }
        text
    }

    fn html(&self) -> Option<String> {
        let (header, right, rows) = self.listed(None);
        let mut html =
            format!("<p><b>{}</b>: {}</p>", escape(&self.session.plan.name), escape(&self.session.plan.title));
        html += &tabled(&header, &right, &rows);
        let warnings = self.warnings();
        if !warnings.is_empty() {
            let _ = write!(html, "<pre>{}</pre>", escape(&warnings));
        }
        Some(html)
    }
}

impl Show for Node {
    fn text(&self) -> String {
        let (header, right, rows) = self.run.listed(Some(&self.nodes));
        let ports: Vec<String> = self.ports().into_iter().map(|(name, ty)| format!("{name} ({ty})")).collect();
        format!("{}\nports: {}", aligned(&header, &right, rows), ports.join(", "))
    }

    fn html(&self) -> Option<String> {
        let (header, right, rows) = self.run.listed(Some(&self.nodes));
        let ports: Vec<String> = self.ports().into_iter().map(|(name, ty)| format!("{name} ({ty})")).collect();
        Some(format!("{}<p>ports: {}</p>", tabled(&header, &right, &rows), escape(&ports.join(", "))))
    }
}

impl Show for Graph {
    fn text(&self) -> String {
        let states =
            self.run.session.survey().outcomes.into_iter().map(|outcome| Some(outcome.state.name().to_owned()));
        draw(&self.run.session.plan, Format::Text, &states.collect::<TiVec<_, _>>())
    }

    fn html(&self) -> Option<String> {
        let states =
            self.run.session.survey().outcomes.into_iter().map(|outcome| Some(outcome.state.name().to_owned()));
        let svg = draw(&self.run.session.plan, Format::Svg, &states.collect::<TiVec<_, _>>());
        Some(format!("<div style=\"background:#fff;overflow:auto\">{svg}</div>"))
    }
}

impl Show for Plan {
    fn text(&self) -> String {
        draw(self, Format::Text, TiSlice::from_ref(&[]))
    }

    fn html(&self) -> Option<String> {
        Some(format!(
            "<div style=\"background:#fff;overflow:auto\">{}</div>",
            draw(self, Format::Svg, TiSlice::from_ref(&[]))
        ))
    }
}

fn names(frame: &DataFrame) -> Vec<String> {
    frame.columns().iter().map(|column| column.name().to_string()).collect()
}

fn numeric(frame: &DataFrame) -> Vec<bool> {
    frame.columns().iter().map(|column| column.dtype().is_primitive_numeric()).collect()
}

fn cells(frame: &DataFrame, row: usize) -> Vec<String> {
    let cell = |value: &AnyValue<'_>| match value {
        AnyValue::Float64(value) => format!("{value:.4}"),
        AnyValue::Float32(value) => format!("{value:.4}"),
        other => table::text(other),
    };
    frame.columns().iter().map(|column| column.get(row).map_or_else(|e| e.to_string(), |v| cell(&v))).collect()
}

fn aligned(header: &[String], right: &[bool], rows: Vec<Vec<String>>) -> String {
    let mut table = comfy_table::Table::new();
    table.load_preset(presets::NOTHING).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    for (at, &right) in right.iter().enumerate() {
        if let Some(column) = table.column_mut(at) {
            column.set_padding((0, 2));
            if right {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    table.trim_fmt()
}

fn tabled(header: &[String], right: &[bool], rows: &[Vec<String>]) -> String {
    let align = |at: usize| {
        if right.get(at) == Some(&true) { " style=\"text-align:right\"" } else { " style=\"text-align:left\"" }
    };
    let mut html = String::from("<table><thead><tr>");
    for (at, name) in header.iter().enumerate() {
        let _ = write!(html, "<th{}>{}</th>", align(at), escape(name));
    }
    html.push_str("</tr></thead><tbody>");
    for row in rows {
        html.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            let _ = write!(html, "<td{}>{}</td>", align(at), escape(cell));
        }
        html.push_str("</tr>");
    }
    html + "</tbody></table>"
}
