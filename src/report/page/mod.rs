//! The page: everything put into the template.

pub mod answer;
pub mod asked;
pub mod card;
pub mod choose;
pub mod flow;
pub mod provenance;
pub mod single;
pub mod site;
pub mod table;

use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;

use crate::kind::Role;
use crate::kind::fact;
use crate::plan::NodeIndex;
use crate::report::draw::figure::Figure;
use crate::report::draw::number::{count, counted, seconds};
use crate::report::draw::{markdown, yaml};
use crate::report::page::answer::answer;
use crate::report::page::asked::answered;
use crate::report::page::choose::{Item, items};
use crate::report::page::flow::{Flow, picture};
use crate::report::page::provenance::{command, distinct, sections};
use crate::report::page::table::Table;
use crate::report::read::best::headline;
use crate::report::read::results::Results;
use crate::report::read::status::Status;
use crate::report::read::study::{Audience, ReportError, Study};

/// Fewer figures and tables than these need no list.
const LISTED: usize = 4;
const TEMPLATE: &str = include_str!("page.html");
pub(super) const FIGURE: &str = include_str!("figure.html");
pub(super) const STYLE: &str = include_str!("style.css");
pub(super) const SCRIPT: &str = include_str!("script.js");
const LIVE_STYLE: &str = include_str!("live.css");
const LIVE_SCRIPT: &str = include_str!("live.js");

/// A figure as the template takes it.
#[derive(Serialize)]
pub(super) struct Shown {
    id: String,
    title: String,
    layout: &'static str,
    panels: Vec<ShownPanel>,
    legend_title: String,
    legend: Vec<(String, String)>,
    /// The numbers as an address, and how many rows they have.
    csv: String,
    rows: usize,
    file: String,
    caption: String,
    definition: String,
    made_by: Vec<(NodeIndex, String)>,
    private: bool,
}

#[derive(Serialize)]
struct ShownPanel {
    heading: String,
    note: String,
    wide: String,
    narrow: Option<String>,
}

/// One thing in the results, of which one field is there.
#[derive(Default, Serialize)]
struct Entry {
    text: Option<String>,
    figure: Option<Shown>,
    table: Option<ShownTable>,
    missing: Option<String>,
}

#[derive(Serialize)]
struct ShownTable {
    id: String,
    made_by: Vec<(NodeIndex, String)>,
    csv: String,
    file: String,
    #[serde(flatten)]
    table: Table,
}

/// Something that a reader must know before anything else.
#[derive(Serialize)]
struct Alert {
    state: &'static str,
    text: String,
    /// Nodes with what they say.
    nodes: Vec<(Option<NodeIndex>, String, String)>,
}

/// What nodes said while they computed.
#[derive(Serialize)]
struct Note {
    text: String,
    nodes: Vec<(NodeIndex, String)>,
}

/// Renders the page.
pub fn render(study: &Study<'_>) -> Result<String, ReportError> {
    page(study, false)
}

/// Renders the page for a browser that follows a run; it asks its server what happens.
pub fn live(study: &Study<'_>) -> Result<String, ReportError> {
    page(study, true)
}

/// The titles of the page's figures, in order, and the nodes that each is drawn from.
pub fn figures(study: &Study<'_>) -> Result<Vec<(String, Vec<NodeIndex>)>, ReportError> {
    let shown = items(&Results::new(study))?.into_iter();
    Ok(shown
        .filter_map(|item| match item {
            Item::Figure(figure) => Some((figure.title, figure.nodes)),
            _ => None,
        })
        .collect())
}

/// A page that follows a recipe of which there are no results yet.
pub fn waiting(name: &str) -> String {
    let name = crate::report::draw::svg::escape(name);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
         connect-src 'self'\"><link rel=\"icon\" href=\"data:,\"><title>{name}</title><style>{STYLE}{LIVE_STYLE}</style>\
         </head><body><header class=\"top\"><p class=\"eyebrow\"><span class=\"brand\">ventral</span> \
         <span>{name}</span></p><h1>{name}</h1></header><main></main><footer></footer>\
         <script>{LIVE_SCRIPT}</script><script>{SCRIPT}</script></body></html>\n"
    )
}

fn page(study: &Study<'_>, live: bool) -> Result<String, ReportError> {
    let results = Results::new(study);
    let entries: Vec<Entry> =
        items(&results)?.into_iter().enumerate().map(|(at, item)| entry(&results, at, item)).collect();
    // The first figure stands at the top, after the texts that the recipe has before it.
    let texts = entries.iter().take_while(|entry| entry.text.is_some()).count();
    let mut rest = entries;
    let mut lead: Vec<Entry> = rest.drain(..texts).collect();
    let key_figure = rest.first_mut().and_then(|entry| entry.figure.take());
    if key_figure.is_some() {
        rest.remove(0);
    } else {
        rest.splice(0..0, lead.drain(..));
    }
    let contents = contents(&rest);
    let answer = answered(&results).or_else(|| answer(&results));
    let provenance = sections(&results);
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_filter("coded", |text: &str| minijinja::Value::from_safe_string(markdown::coded(text)));
    environment.add_template("figure.html", FIGURE).map_err(|e| ReportError::new(format!("{e:#}")))?;
    environment.add_template("page.html", TEMPLATE).map_err(|e| ReportError::new(format!("{e:#}")))?;
    let template = environment.get_template("page.html").map_err(|e| ReportError::new(format!("{e:#}")))?;
    let page = template.render(context! {
        style => STYLE,
        script => SCRIPT,
        live => live,
        live_style => if live { LIVE_STYLE } else { "" },
        live_script => if live { LIVE_SCRIPT } else { "" },
        name => study.plan.name,
        home => study.audience == Audience::Everyone,
        title => if study.plan.title.is_empty() { &study.plan.name } else { &study.plan.title },
        about => markdown::rendered(&study.plan.about),
        answer => answer,
        finished => day(&study.finished),
        finished_at => study.finished,
        alerts => alerts(&results),
        facts => facts(&results),
        lead => lead,
        key_figure => key_figure,
        contents => contents,
        items => rest,
        graph_wide => picture(study, Flow::Right),
        graph_narrow => picture(study, Flow::Down),
        nodes => counted(study.plan.nodes.len(), "node"),
        notes => notes(study),
        recipe => yaml::highlighted(&study.plan.source),
        command => command(study),
        provenance => provenance,
        version => env!("CARGO_PKG_VERSION"),
    });
    page.map_err(|e| ReportError::new(format!("{e:#}")))
}

/// Links to figures and tables, by their titles; nothing where a page has few.
fn contents(entries: &[Entry]) -> Vec<(String, String)> {
    let link = |entry: &Entry| match (&entry.figure, &entry.table) {
        (Some(figure), _) => Some((figure.id.clone(), figure.title.clone())),
        (_, Some(table)) => Some((table.id.clone(), table.table.title.clone())),
        _ => None,
    };
    let all: Vec<(String, String)> = entries.iter().filter_map(link).collect();
    if all.len() < LISTED { Vec::new() } else { all }
}

fn entry(results: &Results<'_>, at: usize, item: Item) -> Entry {
    match item {
        Item::Text(text) => Entry { text: Some(markdown::rendered(&text)), ..Entry::default() },
        Item::Missing(text) => Entry { missing: Some(text), ..Entry::default() },
        Item::Figure(figure) => Entry { figure: Some(shown(results, at, figure)), ..Entry::default() },
        Item::Table(table) => {
            let made_by = made_by(results, &table.nodes);
            let file = file_name(&results.study.plan.name, &table.title);
            let csv = table.data.address();
            Entry {
                table: Some(ShownTable { id: format!("table-{at}"), made_by, csv, file, table }),
                ..Entry::default()
            }
        }
    }
}

fn shown(results: &Results<'_>, at: usize, figure: Figure) -> Shown {
    let file = file_name(&results.study.plan.name, &figure.title);
    let made_by = made_by(results, &figure.nodes);
    Shown::of(figure, format!("figure-{at}"), file, made_by)
}

impl Shown {
    /// A figure under an identifier, with what its files are called and the nodes behind it.
    pub(super) fn of(figure: Figure, id: String, file: String, made_by: Vec<(NodeIndex, String)>) -> Self {
        let rows = figure.data.len();
        let panels = figure.panels.into_iter().map(|panel| ShownPanel {
            heading: panel.heading,
            note: panel.note,
            wide: panel.wide,
            narrow: panel.narrow,
        });
        Self {
            id,
            title: figure.title,
            layout: figure.layout,
            panels: panels.collect(),
            legend_title: figure.legend_title,
            legend: figure.legend,
            csv: if rows > 0 { figure.data.address() } else { String::new() },
            rows,
            file,
            caption: figure.caption,
            definition: figure.definition,
            made_by,
            private: figure.private,
        }
    }
}

/// What a chart's files are called: words and digits of the recipe's name and the chart's title.
pub(super) fn file_name(recipe: &str, title: &str) -> String {
    let mut name = String::new();
    for c in format!("{recipe} {title}").chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() || c == '_' || c == '.' {
            name.push(c);
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    name.trim_matches(['-', '.']).chars().take(80).collect()
}

/// Beyond these, the nodes behind a number are named by the first and counted.
const NAMED: usize = 3;

fn made_by(results: &Results<'_>, nodes: &[NodeIndex]) -> Vec<(NodeIndex, String)> {
    match nodes {
        [first, _, ..] if nodes.len() > NAMED => {
            vec![(*first, format!("{} ({} variants)", results.node(*first).id.name, nodes.len()))]
        }
        few => few.iter().map(|&node| (node, results.node(node).id.to_string())).collect(),
    }
}

fn alerts(results: &Results<'_>) -> Vec<Alert> {
    let study = results.study;
    let mut alerts = Vec::new();
    let wordings = [
        (Status::Failed, "failed"),
        (Status::Skipped, "skipped, since something they need failed"),
        (Status::Stale, "stale: their results are of other inputs or parameters, and not shown"),
        (Status::New, "not run yet"),
    ];
    for (status, wording) in wordings {
        let nodes: Vec<NodeIndex> = study.plan.nodes.keys().filter(|&node| Status::of(study, node) == status).collect();
        if nodes.is_empty() {
            continue;
        }
        let said = |node: NodeIndex| study.outcomes.get(node).and_then(|o| o.message.clone()).unwrap_or_default();
        let listed = nodes.iter().take(12).map(|&node| (Some(node), results.node(node).id.to_string(), said(node)));
        alerts.push(Alert {
            state: status.name(),
            text: format!("{} of {} {wording}.", count(nodes.len()), counted(study.plan.nodes.len(), "node")),
            nodes: listed.collect(),
        });
    }
    let problems = results.problems();
    if !problems.is_empty() {
        let text = format!("{} in the cache cannot be read.", counted(problems.len(), "value"));
        let nodes = problems.into_iter().map(|problem| (None, String::new(), problem)).collect();
        alerts.push(Alert { state: "failed", text, nodes });
    }
    alerts
}

/// The study in a few numbers: names and values.
fn facts(results: &Results<'_>) -> Vec<(String, String)> {
    let study = results.study;
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: String| facts.push((name.to_owned(), value));
    if let Some(best) = headline(results) {
        let (_, units) = best.sample.units();
        fact("Units", count(units));
        if let Some(evaluation) = best.evaluation {
            if let Some(stimuli) = results.with_responses(evaluation, |responses| responses.stimuli().len()) {
                fact("Stimuli", count(stimuli));
            }
            if let Some(grid) = results.of_role(evaluation, Role::Scores) {
                if let Some(rows) = grid.fact_number(fact::ROWS_FITTED) {
                    fact("Fitted on", count(rows as usize));
                }
                if let Some(rows) = grid.fact_number(fact::ROWS_SCORED) {
                    let on = grid.fact_text(fact::SCORED_ON).map(|on| format!(" ({on})")).unwrap_or_default();
                    fact("Scored on", format!("{}{on}", count(rows as usize)));
                }
            }
        }
    }
    let total: f64 = study.outcomes.iter().map(|outcome| outcome.seconds()).sum();
    if total > 0.0 {
        fact("Computing", seconds(total));
    }
    let devices = study.outcomes.iter().flat_map(|o| &o.records).map(|record| record.provenance.device.clone());
    let devices = distinct(devices.filter(|device| !device.is_empty()));
    if !devices.is_empty() {
        let told = devices.iter().map(|device| if device == "cpu" { "CPU".to_owned() } else { device.clone() });
        fact("Device", told.collect::<Vec<_>>().join(", "));
    }
    facts
}

fn notes(study: &Study<'_>) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for (at, outcome) in study.outcomes.iter_enumerated().take(study.plan.nodes.len()) {
        let said = distinct(outcome.records.iter().flat_map(|record| record.notes.iter().cloned()));
        let node = (at, study.plan.nodes[at].id.to_string());
        for text in said {
            match notes.iter_mut().find(|note| note.text == text) {
                Some(note) => note.nodes.push(node.clone()),
                None => notes.push(Note { text, nodes: vec![node.clone()] }),
            }
        }
    }
    notes
}

/// The day of an RFC 3339 time.
fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}
