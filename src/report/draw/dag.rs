//! A plan as a picture: text, DOT, Mermaid or SVG, with a state per node where one is known.

use std::fmt::Write;
use std::str::FromStr;

use typed_index_collections::{TiSlice, TiVec};

use crate::plan::{Edge, Node, NodeIndex, Plan};

/// How a graph is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line per node, for terminals.
    Text,
    /// For Graphviz.
    Dot,
    /// For Markdown that GitHub and GitLab show.
    Mermaid,
    /// A picture that stands alone.
    Svg,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "dot" => Ok(Self::Dot),
            "mermaid" => Ok(Self::Mermaid),
            "svg" => Ok(Self::Svg),
            _ => Err(format!("`{text}` is no format; there are text, dot, mermaid and svg")),
        }
    }
}

/// What is known of a node, such as `cached` or `ran in 3.1 s`; the first word picks its colour.
pub type State = Option<String>;

/// Draws a plan; `states` has an entry per node, or none at all.
pub fn draw(plan: &Plan, format: Format, states: &TiSlice<NodeIndex, State>) -> String {
    let state = |node: NodeIndex| states.get(node).and_then(Option::as_deref);
    match format {
        Format::Text => text(plan, state),
        Format::Dot => dot(plan, state),
        Format::Mermaid => mermaid(plan, state),
        Format::Svg => svg(plan, state),
    }
}

/// The output that an edge reads, as a reference: `layers[layer3]`, `it.split`.
fn reference(plan: &Plan, edge: &Edge) -> String {
    let from = &plan.nodes[edge.from];
    let port = if from.kind.main_output().name == edge.output { String::new() } else { format!(".{}", edge.output) };
    let key = edge.key.as_ref().map_or(String::new(), |key| format!("[{key}]"));
    let variant = from.id.variant_text();
    let variant = if variant.is_empty() { variant } else { format!("@{variant}") };
    format!("{}{port}{key}{variant}", from.id.name)
}

/// The edges of a node by port; several at one port are told as one.
fn by_port(node: &Node) -> Vec<(&str, Vec<&Edge>)> {
    let mut ports: Vec<(&str, Vec<&Edge>)> = Vec::new();
    for edge in &node.edges {
        match ports.iter_mut().find(|(port, _)| *port == edge.port) {
            Some((_, edges)) => edges.push(edge),
            None => ports.push((&edge.port, vec![edge])),
        }
    }
    ports
}

fn text<'s>(plan: &Plan, state: impl Fn(NodeIndex) -> Option<&'s str>) -> String {
    let names: TiVec<NodeIndex, String> = plan.nodes.iter().map(|node| node.id.to_string()).collect();
    let name_width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let kind_width = plan.nodes.iter().map(|node| node.kind.name.len()).max().unwrap_or(0);
    let state_width = plan.nodes.keys().filter_map(&state).map(|s| s.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for (index, node) in plan.nodes.iter_enumerated() {
        let mut line = format!("{:name_width$}  {:kind_width$}", names[index], node.kind.name);
        if state_width > 0 {
            let _ = write!(line, "  {:state_width$}", state(index).unwrap_or_default());
        }
        let inputs = by_port(node).into_iter().map(|(port, edges)| {
            let shown: Vec<String> = edges.iter().take(4).map(|edge| reference(plan, edge)).collect();
            let more = if edges.len() > 4 { format!(", … ({})", edges.len()) } else { String::new() };
            format!("{port} ← {}{more}", shown.join(", "))
        });
        let inputs: Vec<String> = inputs.collect();
        if !inputs.is_empty() {
            let _ = write!(line, "  {}", inputs.join("; "));
        }
        out += line.trim_end();
        out.push('\n');
    }
    out
}

fn dot<'s>(plan: &Plan, state: impl Fn(NodeIndex) -> Option<&'s str>) -> String {
    let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ");
    let mut out = format!("digraph \"{}\" {{\n", escape(&plan.name));
    out += "  rankdir=LR;\n  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"sans-serif\"];\n";
    for (index, node) in plan.nodes.iter_enumerated() {
        let state_line = state(index).map_or(String::new(), |state| format!("\\n{}", escape(state)));
        let fill = colour(state(index)).fill;
        let (name, kind) = (escape(&node.id.to_string()), node.kind.name);
        let _ = writeln!(out, "  n{index} [label=\"{name}\\n{kind}{state_line}\", fillcolor=\"{fill}\"];");
    }
    for (index, node) in plan.nodes.iter_enumerated() {
        for edge in &node.edges {
            let _ = writeln!(out, "  n{} -> n{index} [label=\"{}\"];", edge.from, escape(&edge_label(plan, edge)));
        }
    }
    out + "}\n"
}

fn mermaid<'s>(plan: &Plan, state: impl Fn(NodeIndex) -> Option<&'s str>) -> String {
    // Mermaid reads entities inside quoted labels, and nothing else escapes.
    let escape =
        |text: &str| text.replace('#', "#35;").replace('"', "#quot;").replace(['\n', '`'], " ").replace('<', "#lt;");
    let mut out = String::from("flowchart LR\n");
    for (index, node) in plan.nodes.iter_enumerated() {
        let state_line = state(index).map_or(String::new(), |state| format!("<br/>{}", escape(state)));
        let _ = writeln!(out, "  n{index}[\"{}<br/>{}{state_line}\"]", escape(&node.id.to_string()), node.kind.name);
    }
    for (index, node) in plan.nodes.iter_enumerated() {
        for edge in &node.edges {
            let _ = writeln!(out, "  n{} -->|\"{}\"| n{index}", edge.from, escape(&edge_label(plan, edge)));
        }
    }
    for index in plan.nodes.keys() {
        if let Some(known) = state(index) {
            let colour = colour(Some(known));
            let _ = writeln!(out, "  style n{index} fill:{},stroke:{}", colour.fill, colour.line);
        }
    }
    out
}

/// What is worth saying on an edge: the output and its key.
fn edge_label(plan: &Plan, edge: &Edge) -> String {
    let main = plan.nodes[edge.from].kind.main_output().name == edge.output;
    match (&edge.key, main) {
        (Some(key), true) => key.clone(),
        (Some(key), false) => format!("{}[{key}]", edge.output),
        (None, _) => edge.output.clone(),
    }
}

struct Colour {
    fill: &'static str,
    line: &'static str,
}

fn colour(state: Option<&str>) -> Colour {
    let word = state.and_then(|state| state.split(|c: char| !c.is_alphanumeric()).next()).unwrap_or_default();
    let (fill, line) = match word {
        "ran" => ("#dcefdc", "#3c7d3c"),
        "cached" => ("#e3ebf6", "#4a6fa5"),
        "failed" => ("#f8d9d6", "#b03a2e"),
        "stale" | "new" => ("#fdf0d0", "#a97b1c"),
        "skipped" | "dropped" => ("#ececec", "#8a8a8a"),
        _ => ("#ffffff", "#6b6b6b"),
    };
    Colour { fill, line }
}

const BOX_HEIGHT: usize = 46;
const ROW: usize = 62;
const COLUMN_GAP: usize = 60;
const MARGIN: usize = 12;
/// The width of a character of the fonts that browsers pick for sans-serif at 12 px, rounded up.
const CHARACTER: usize = 7;
const LONGEST_NAME: usize = 34;

/// Columns by the longest way from a source; within a column nodes stand near what they read.
fn svg<'s>(plan: &Plan, state: impl Fn(NodeIndex) -> Option<&'s str>) -> String {
    let columns = columns(plan);
    let shown = |index: NodeIndex| shorten(&plan.nodes[index].id.to_string());
    let mut place: TiVec<NodeIndex, _> = vec![(0, 0, 0); plan.nodes.len()].into();
    let mut x = MARGIN;
    let tallest = columns.iter().map(Vec::len).max().unwrap_or(0);
    for column in &columns {
        let widest = |&index: &NodeIndex| {
            let detail = detail(plan, index, state(index));
            shown(index).chars().count().max(detail.chars().count())
        };
        let width = column.iter().map(widest).max().unwrap_or(0) * CHARACTER + 24;
        let top = MARGIN + (tallest - column.len()) * ROW / 2;
        for (row, &index) in column.iter().enumerate() {
            place[index] = (x, top + row * ROW, width);
        }
        x += width + COLUMN_GAP;
    }
    let (width, height) = (x.saturating_sub(COLUMN_GAP) + MARGIN, MARGIN * 2 + tallest * ROW);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n<title>{}</title>\n",
        escape_xml(&plan.title)
    );
    for (index, node) in plan.nodes.iter_enumerated() {
        let (to_x, to_y, _) = place[index];
        for edge in &node.edges {
            let (from_x, from_y, from_width) = place[edge.from];
            let (x0, y0) = (from_x + from_width, from_y + BOX_HEIGHT / 2);
            let (x1, y1) = (to_x, to_y + BOX_HEIGHT / 2);
            let bend = (x1.saturating_sub(x0) / 2).clamp(20, 120);
            let _ = writeln!(
                out,
                "<path d=\"M{x0} {y0}C{} {y0} {} {y1} {x1} {y1}\" fill=\"none\" stroke=\"#a8a8a8\"><title>{} → {}.{}</title></path>",
                x0 + bend,
                x1.saturating_sub(bend),
                escape_xml(&reference(plan, edge)),
                escape_xml(&node.id.to_string()),
                escape_xml(&edge.port)
            );
        }
    }
    for (index, node) in plan.nodes.iter_enumerated() {
        let (x, y, width) = place[index];
        let Colour { fill, line } = colour(state(index));
        let _ = writeln!(
            out,
            "<g><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{BOX_HEIGHT}\" rx=\"6\" fill=\"{fill}\" \
             stroke=\"{line}\"/><text x=\"{}\" y=\"{}\" font-weight=\"bold\">{}</text><text x=\"{}\" y=\"{}\" \
             fill=\"#555\">{}</text></g>",
            escape_xml(&node.id.to_string()),
            x + 12,
            y + 20,
            escape_xml(&shown(index)),
            x + 12,
            y + 36,
            escape_xml(&detail(plan, index, state(index)))
        );
    }
    out + "</svg>\n"
}

/// The second line of a box.
fn detail(plan: &Plan, index: NodeIndex, state: Option<&str>) -> String {
    let kind = plan.nodes[index].kind.name;
    state.map_or(kind.to_owned(), |state| format!("{kind} · {state}"))
}

fn shorten(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}

/// Nodes by column. A column is ordered by the mean row of what its nodes read, which keeps edges from crossing.
fn columns(plan: &Plan) -> Vec<Vec<NodeIndex>> {
    let mut depth: TiVec<NodeIndex, usize> = vec![0; plan.nodes.len()].into();
    let mut columns: Vec<Vec<NodeIndex>> = Vec::new();
    for (index, node) in plan.nodes.iter_enumerated() {
        depth[index] = node.edges.iter().map(|edge| depth[edge.from] + 1).max().unwrap_or(0);
        columns.resize_with(columns.len().max(depth[index] + 1), Vec::new);
        columns[depth[index]].push(index);
    }
    let mut row: TiVec<NodeIndex, f64> = vec![0.0; plan.nodes.len()].into();
    for column in &mut columns {
        let mean = |index: NodeIndex| {
            let edges = &plan.nodes[index].edges;
            let sum: f64 = edges.iter().map(|edge| row[edge.from]).sum();
            if edges.is_empty() { 0.0 } else { sum / edges.len() as f64 }
        };
        column.sort_by(|&a, &b| mean(a).total_cmp(&mean(b)).then(a.cmp(&b)));
        let middle = column.len() as f64 / 2.0;
        for (at, &index) in column.iter().enumerate() {
            row[index] = at as f64 - middle;
        }
    }
    columns
}

fn escape_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
