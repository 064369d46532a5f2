//! The parts of pages that are made of the code: every kind and every chart.

use std::fmt::Write as _;
use std::fs;

use ventral::kind::chart::ChartKind;
use ventral::kind::role::Role;
use ventral::kind::{Arity, Input, Kind, Output};
use ventral::recipe::manual::kinds as manual;

use crate::page::root;

/// What stands around the part of a page that is made of the code.
const BEGIN: &str = "<!-- made of the code -->\n";
const END: &str = "<!-- end -->\n";

/// Holds the generated part of a page equal to a text, or writes it where `VENTRAL_PAGES=write` says so.
pub fn hold(name: &str, text: &str) {
    let path = root().join(name);
    let page = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
    let (before, rest) = page.split_once(BEGIN).unwrap_or_else(|| panic!("{name} has no line `{}`", BEGIN.trim()));
    let (now, after) = rest.split_once(END).unwrap_or_else(|| panic!("{name} has no line `{}`", END.trim()));
    if std::env::var_os("VENTRAL_PAGES").is_some_and(|word| word == "write") {
        fs::write(&path, format!("{before}{BEGIN}{text}{END}{after}")).expect("written");
    } else if now != text {
        let differs = now.lines().zip(text.lines()).find(|(old, new)| old != new);
        panic!("{name} is not as the code has it; VENTRAL_PAGES=write writes it anew. First: {differs:#?}");
    }
}

/// Every kind, by domain.
pub fn kinds() -> String {
    let registry = ventral::nodes::registry();
    let mut domains: Vec<&str> = Vec::new();
    let listed = manual::list(&registry);
    domains.extend(listed.lines().filter(|line| registry.iter().any(|kind| kind.domain == *line)));
    let of = |domain: &str| registry.iter().filter(|kind| kind.domain == domain).collect::<Vec<_>>();
    let mut text = "\n| domain | kinds |\n|---|---|\n".to_owned();
    for domain in &domains {
        let links: Vec<String> = of(domain).iter().map(|kind| format!("[{0}](#{0})", kind.name)).collect();
        writeln!(text, "| {domain} | {} |", links.join(", ")).expect("a string takes all");
    }
    for domain in &domains {
        writeln!(text, "\n## Domain {domain}").expect("a string takes all");
        of(domain).into_iter().for_each(|kind| text += &one_kind(kind));
    }
    text + "\n"
}

fn one_kind(kind: &'static Kind) -> String {
    let mut text = format!("\n### {}\n\n{}\n", kind.name, escaped(kind.about.trim()));
    if !kind.inputs.is_empty() {
        text += "\n| input | takes | |\n|---|---|---|\n";
        kind.inputs.iter().for_each(|input| text += &input_row(input));
    } else if kind.is_shaped() {
        text += "\nIts inputs are what the node names under `in`.\n";
    }
    if kind.is_shaped() {
        text += "\nIts outputs are what the node names under `gives`.\n";
    } else {
        text += "\n| output | type | |\n|---|---|---|\n";
        kind.outputs.iter().for_each(|output| text += &output_row(output));
    }
    let params = parameters(&manual::kind(kind));
    if !params.is_empty() {
        text += &format!("\nParameters:\n\n{params}");
    }
    text + &format!("\n```yaml\n{}\n```\n", kind.example.trim_matches('\n'))
}

fn input_row(input: &Input) -> String {
    let types: Vec<String> = input.types.iter().map(ToString::to_string).collect();
    let arity = match input.arity {
        Arity::One => "",
        Arity::Optional => ", optional",
        Arity::Many => ", many",
        Arity::AnyNumber => ", optional, many",
    };
    format!("| `{}` | {}{arity} | {} |\n", input.name, types.join(" or "), cell(input.about))
}

fn output_row(output: &Output) -> String {
    let key = output.keyed.map_or(String::new(), |keyed| format!("[{keyed}]"));
    format!("| `{}{key}` | {} | {} |\n", output.name, output.ty, cell(output.about))
}

/// The parameters as a list, of what `ventral kinds KIND` prints of them.
fn parameters(said: &str) -> String {
    let part = said.split("\nwith:\n").nth(1).and_then(|rest| rest.split("\n\nexample:\n").next()).unwrap_or_default();
    let part = part.split("\nexample:\n").next().unwrap_or_default();
    let mut text = String::new();
    let mut name = String::new();
    for line in part.lines() {
        let indent = line.len() - line.trim_start().len();
        let words = line.trim();
        let field = (indent == 6).then(|| words.split_once(": ")).flatten();
        let field = field.filter(|(field, _)| field.strip_prefix(&name).is_some_and(|rest| rest.starts_with('.')));
        match (indent, field) {
            _ if words == "nothing" => return String::new(),
            (2, _) => {
                let (param, facts) = words.split_once(": ").unwrap_or((words, ""));
                name = param.to_owned();
                text += &format!("- `{param}`: {}  \n", escaped(facts));
            }
            (6, Some((field, facts))) => text += &format!("  - `{field}`: {}  \n", escaped(facts)),
            (0, _) => text += "\n",
            (10, _) => text += &format!("    {}\n", escaped(words)),
            _ => text += &format!("  {}\n", escaped(words)),
        }
    }
    text
}

/// Every chart, with what it draws and its options.
pub fn charts() -> String {
    let charts = ventral::report::charts();
    let mut text = "\n| chart | shows |\n|---|---|\n".to_owned();
    for chart in charts.iter() {
        writeln!(text, "| [{0}](#{0}) | {1} |", chart.name, cell(chart.about)).expect("a string takes all");
    }
    text += "\n## What draws what\n\n| results | of | chart unless one is named | others |\n|---|---|---|---|\n";
    for role in roles() {
        let usual = charts.iter().find(|chart| chart.usual.contains(&role)).map(|chart| chart.name);
        let others = charts.iter().filter(|chart| chart.draws.contains(&role) && Some(chart.name) != usual);
        let others: Vec<String> = others.map(|chart| format!("[{0}](#{0})", chart.name)).collect();
        let usual = usual.map_or(String::new(), |name| format!("[{name}](#{name})"));
        writeln!(text, "| {} | {} | {usual} | {} |", role.words(), ports(role), others.join(", "))
            .expect("a string takes all");
    }
    charts.iter().for_each(|chart| text += &one_chart(chart));
    text + "\n"
}

fn one_chart(chart: &ChartKind) -> String {
    let words = |roles: &[Role]| roles.iter().map(|role| role.words()).collect::<Vec<_>>().join(", ");
    let mut text = format!("\n## {}\n\n{} It draws {}.\n", chart.name, escaped(chart.about), words(chart.draws));
    let said = manual::chart(chart);
    let options = said.split("title:\n").nth(1).and_then(|rest| rest.split("\n\nexample:").next()).unwrap_or_default();
    if chart.options.is_empty() {
        return text + "\nIt has no options of its own.\n";
    }
    text += "\n| option | takes | |\n|---|---|---|\n";
    let mut row: Option<(String, String, String)> = None;
    for line in options.lines().chain(["  end: end"]) {
        if line.starts_with("      ") {
            if let Some((.., about)) = &mut row {
                *about = format!("{about} {}", line.trim());
            }
            continue;
        }
        if let Some((name, takes, about)) = row.take() {
            text += &format!("| `{name}` | {} | {} |\n", cell(&takes), cell(about.trim()));
        }
        row = line.trim().split_once(": ").map(|(name, takes)| (name.to_owned(), takes.to_owned(), String::new()));
    }
    text
}

/// The roles that some chart draws, in the order of the charts.
fn roles() -> Vec<Role> {
    let mut roles: Vec<Role> = Vec::new();
    for role in ventral::report::charts().iter().flat_map(|chart| chart.draws) {
        if !roles.contains(role) {
            roles.push(*role);
        }
    }
    roles
}

/// The outputs that are of a role, but for the roles that whole types have.
fn ports(role: Role) -> String {
    if matches!(role, Role::Table | Role::Matrix) {
        return "every such output".to_owned();
    }
    let registry = ventral::nodes::registry();
    let ports = registry.iter().flat_map(|kind| kind.outputs.iter().map(move |output| (kind, output)));
    let ports = ports.filter(|(_, output)| output.role() == Some(role));
    ports.map(|(kind, output)| format!("`{}.{}`", kind.name, output.name)).collect::<Vec<_>>().join(", ")
}

/// A text as a cell of a table.
fn cell(text: &str) -> String {
    escaped(&text.split_whitespace().collect::<Vec<_>>().join(" ")).replace('|', "\\|")
}

/// A text in which what Markdown would take for HTML stands as it is.
fn escaped(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts
        .map(|(at, part)| if at % 2 == 0 { part.replace('<', "&lt;") } else { part.to_owned() })
        .collect::<Vec<_>>()
        .join("`")
}
