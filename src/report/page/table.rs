//! A table of the page: sortable where scripts run, readable where they do not.

use serde::Serialize;

use crate::kind::{Role, column};
use crate::plan::NodeIndex;
use crate::report::draw::data::{Data, cell as exact};
use crate::report::draw::number::{count, general, probability, score};
use crate::report::read::grid::{Cells, Grid, json_text};
use crate::report::read::measure::capital;
use crate::report::read::results::Results;

/// Rows beyond these stay in the store; a command shows them.
const ROWS: usize = 1_000;

/// A table as the template takes it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Table {
    pub title: String,
    pub heads: Vec<Head>,
    pub rows: Vec<Row>,
    /// The same to take along, with every digit.
    #[serde(skip)]
    pub data: Data,
    /// Names and definitions of what the columns hold.
    pub definitions: Vec<(String, String)>,
    pub note: String,
    /// Indices of the nodes that made it.
    pub nodes: Vec<NodeIndex>,
    /// Whether it opens with the page; a long one waits to be asked.
    pub open: bool,
}

/// A column's head.
#[derive(Clone, Debug, Serialize)]
pub struct Head {
    pub text: String,
    pub number: bool,
}

/// A row, the unit that it is about, and the node that made its numbers.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub unit: Option<String>,
    pub node: NodeIndex,
    pub cells: Vec<Cell>,
}

/// A cell, and what it sorts by.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    pub text: String,
    /// The number it sorts by; none sorts last, or text by itself.
    pub sort: Option<f64>,
    pub number: bool,
    /// The highest of its column.
    pub top: bool,
}

impl Cell {
    fn words(text: String) -> Self {
        Self { text, sort: None, number: false, top: false }
    }

    fn number(x: Option<f64>, text: String) -> Self {
        Self { text, sort: x, number: true, top: false }
    }
}

/// The table at a port of some nodes, one below the other, with the variants in front; the first table where no
/// port is named.
pub fn table(results: &Results<'_>, nodes: &[NodeIndex], port: Option<&str>) -> Option<Table> {
    let found: Vec<(NodeIndex, &str, std::rc::Rc<Grid>)> = nodes
        .iter()
        .flat_map(|&node| {
            let mut ports = results.table_ports(node).filter(move |name| port.is_none_or(|port| port == *name));
            let port = ports.next();
            port.into_iter()
                .flat_map(move |port| results.tables(node, port).into_iter().map(move |grid| (node, port, grid)))
        })
        .collect();
    let (first, port, grid) = found.first()?;
    let name = &results.node(*first).id.name;
    let compares = results.port(*first, Role::Comparison) == Some(port);
    let title = if compares { name.clone() } else { format!("{name}.{port}") };
    let summarised = grid.has(column::MEASURE) && grid.has(column::MEAN);
    let mut table = if summarised && (grid.columns[0].name != column::MEASURE || found.len() > 1) {
        pivoted(results, &found)
    } else {
        stacked(results, &found)
    };
    table.title = title;
    table.data = data(results, &found);
    table.nodes = found.iter().map(|(node, ..)| *node).collect();
    table.nodes.dedup();
    table.open = table.rows.len() <= 40;
    let total: usize = found.iter().map(|(_, _, grid)| grid.rows).sum();
    if total > ROWS && table.rows.len() >= ROWS {
        table.note = format!("The first {} of {} rows; `ventral show` prints all.", count(ROWS), count(total));
    }
    mark_tops(&mut table);
    Some(table)
}

/// What some nodes of one kind give of a role, as a table.
pub fn of_role(results: &Results<'_>, nodes: &[NodeIndex], role: Role) -> Option<Table> {
    table(results, nodes, Some(results.port(*nodes.first()?, role)?))
}

/// A row per variant, with the mean ± SEM and the median of each measure side by side.
fn pivoted(results: &Results<'_>, found: &[(NodeIndex, &str, std::rc::Rc<Grid>)]) -> Table {
    let mut table = Table::default();
    let mut labels: Vec<String> = Vec::new();
    let mut measures: Vec<String> = Vec::new();
    let mut keys: Vec<Vec<(String, String)>> = Vec::new();
    let mut cells: Vec<Vec<Option<[Cell; 2]>>> = Vec::new();
    let mut units: Vec<Option<f64>> = Vec::new();
    let mut makers: Vec<NodeIndex> = Vec::new();
    for (node, _, grid) in found {
        for row in 0..grid.rows {
            let columns = grid.columns.iter().take_while(|c| c.name != column::MEASURE);
            let mut key: Vec<(String, String)> =
                columns.map(|c| (c.name.clone(), c.cells.text(row).unwrap_or_default())).collect();
            for (name, value) in &results.node(*node).id.variant {
                if !key.iter().any(|(known, _)| known == name) {
                    key.push((name.clone(), value.clone()));
                }
            }
            for (name, _) in &key {
                if !labels.contains(name) {
                    labels.push(name.clone());
                }
            }
            let name = grid.text(column::MEASURE, row).unwrap_or_default();
            let at = measures.iter().position(|known| *known == name).unwrap_or_else(|| {
                let found = grid.measure(&name);
                table.definitions.push((capital(&found.label), found.definition));
                measures.push(name);
                measures.len() - 1
            });
            let place = keys.iter().position(|known| *known == key).unwrap_or_else(|| {
                makers.push(maker(results, *node, &key));
                keys.push(key);
                cells.push(Vec::new());
                units.push(None);
                keys.len() - 1
            });
            let line = &mut cells[place];
            line.resize(line.len().max(at + 1), None);
            let (mean, sem, median) =
                (grid.number(column::MEAN, row), grid.number(column::SEM, row), grid.number(column::MEDIAN, row));
            let both = match (mean, sem) {
                (Some(mean), Some(sem)) => format!("{} ± {}", score(mean), score(sem)),
                (Some(mean), None) => score(mean),
                _ => "–".to_owned(),
            };
            line[at] = Some([Cell::number(mean, both), Cell::number(median, median.map_or("–".to_owned(), score))]);
            units[place] = units[place].or(grid.number(column::UNITS, row));
        }
    }
    table.heads = labels.iter().map(|label| Head { text: label.replace('_', " "), number: false }).collect();
    for name in &measures {
        let label = capital(&results.measures.measure(name, &Default::default()).label);
        table.heads.push(Head { text: format!("{label}, mean ± SEM"), number: true });
        table.heads.push(Head { text: column::MEDIAN.to_owned(), number: true });
    }
    table.heads.push(Head { text: column::UNITS.to_owned(), number: true });
    for (((key, line), units), node) in keys.into_iter().zip(cells).zip(units).zip(makers).take(ROWS) {
        let label =
            |name: &String| key.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value).to_owned();
        let mut row: Vec<Cell> = labels.iter().map(|name| Cell::words(label(name))).collect();
        for at in 0..measures.len() {
            let none = || Cell::number(None, "–".to_owned());
            row.extend(line.get(at).cloned().flatten().unwrap_or_else(|| [none(), none()]));
        }
        row.push(Cell::number(units, units.map_or("–".to_owned(), general)));
        table.rows.push(Row { unit: None, node, cells: row });
    }
    table
}

/// The node behind a row: what a comparison was told under the row's labels, else the table's own node.
fn maker(results: &Results<'_>, node: NodeIndex, key: &[(String, String)]) -> NodeIndex {
    let told = |(name, value): &(String, serde_json::Value)| {
        key.iter().any(|(known, text)| known == name && *text == json_text(value))
    };
    let edges = results.node(node).edges.iter();
    let mut labelled = edges.filter(|edge| !edge.label.is_empty() && edge.label.iter().all(told));
    labelled.next().map_or(node, |edge| edge.from)
}

/// The rows as they are stored.
fn stacked(results: &Results<'_>, found: &[(NodeIndex, &str, std::rc::Rc<Grid>)]) -> Table {
    let mut table = Table::default();
    let (first, _, grid) = &found[0];
    let columns: Vec<String> = grid.columns.iter().map(|column| column.name.clone()).collect();
    let variables: Vec<String> = match found.len() {
        1 => Vec::new(),
        _ => results.node(*first).id.variant.iter().map(|v| v.0.clone()).filter(|v| !columns.contains(v)).collect(),
    };
    table.heads = variables.iter().map(|name| Head { text: name.clone(), number: false }).collect();
    for column in &grid.columns {
        let number = matches!(column.cells, Cells::Numbers(..));
        let found = grid.measure(&column.name);
        if !found.definition.is_empty() {
            table.definitions.push((capital(&found.label), found.definition.clone()));
        }
        table.heads.push(Head { text: column.name.replace('_', " "), number });
    }
    if grid.has(column::MEASURE) {
        let mut named: Vec<String> = (0..grid.rows).filter_map(|row| grid.text(column::MEASURE, row)).collect();
        named.dedup();
        let each = named.iter().map(|name| grid.measure(name)).filter(|m| !m.definition.is_empty());
        table.definitions.extend(each.map(|m| (capital(&m.label), m.definition)));
    }
    for (node, _, grid) in found {
        for row in 0..grid.rows {
            if table.rows.len() >= ROWS {
                return table;
            }
            let own = &results.node(*node).id.variant;
            let variant = variables.iter().map(|name| {
                Cell::words(own.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value).to_owned())
            });
            let cells = columns.iter().map(|name| match grid.column(name) {
                None => Cell::words(String::new()),
                Some(found) if name == column::MEASURE => {
                    let of = found.cells.text(row).unwrap_or_default();
                    Cell::words(capital(&grid.measure(&of).label))
                }
                Some(found) => cell(grid, &found.cells, name, row),
            });
            let unit = grid.has(column::UNIT).then(|| grid.text(column::UNIT, row)).flatten();
            let key: Vec<(String, String)> = columns
                .iter()
                .take_while(|name| !matches!(name.as_str(), column::UNIT | column::MEASURE))
                .map(|name| (name.clone(), grid.text(name, row).unwrap_or_default()))
                .collect();
            let node = maker(results, *node, &key);
            table.rows.push(Row { unit, node, cells: variant.chain(cells).collect() });
        }
    }
    table
}

/// The rows as they are stored, with the variants in front where there are several nodes.
fn data(results: &Results<'_>, found: &[(NodeIndex, &str, std::rc::Rc<Grid>)]) -> Data {
    let (first, _, grid) = &found[0];
    let columns: Vec<&str> = grid.columns.iter().map(|column| column.name.as_str()).collect();
    let variables: Vec<&str> = match found.len() {
        1 => Vec::new(),
        _ => results.node(*first).id.variant.iter().map(|v| v.0.as_str()).filter(|v| !columns.contains(v)).collect(),
    };
    let mut data = Data::of(variables.iter().chain(&columns).copied());
    for (node, _, grid) in found {
        for row in 0..grid.rows.min(ROWS) {
            if data.len() >= ROWS {
                return data;
            }
            let own = &results.node(*node).id.variant;
            let variant =
                variables.iter().map(|name| own.iter().find(|v| v.0 == *name).map_or(String::new(), |v| v.1.clone()));
            let cells = columns.iter().map(|name| match grid.column(name).map(|column| &column.cells) {
                Some(Cells::Numbers(values, _)) => values[row].map(exact).unwrap_or_default(),
                Some(cells) => cells.text(row).unwrap_or_default(),
                None => String::new(),
            });
            data.row(variant.chain(cells).collect::<Vec<_>>());
        }
    }
    data
}

/// Columns of a summary or of comparisons, printed as scores are.
const SHARES: &[&str] = &[column::MEAN, column::MEDIAN, column::SEM, column::DIFFERENCE, column::LOW, column::HIGH];

fn cell(grid: &Grid, cells: &Cells, name: &str, row: usize) -> Cell {
    match cells {
        Cells::Numbers(values, _) if [column::P, column::P_ADJUSTED].contains(&name) => {
            let x = values.get(row).copied().flatten();
            Cell::number(x, x.map_or("–".to_owned(), probability))
        }
        Cells::Numbers(values, _) => {
            let share = grid.measures.is_share(name) || SHARES.contains(&name);
            Cell::number(values.get(row).copied().flatten(), cells.shown(row, share))
        }
        _ => Cell::words(cells.shown(row, false)),
    }
}

/// Marks the highest mean of each measure, where there are several to compare.
fn mark_tops(table: &mut Table) {
    for at in 0..table.heads.len() {
        if !table.heads[at].text.ends_with("mean ± SEM") || table.rows.len() < 2 {
            continue;
        }
        let values = table.rows.iter().enumerate().filter_map(|(row, cells)| Some((row, cells.cells.get(at)?.sort?)));
        if let Some((row, _)) = values.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))) {
            table.rows[row].cells[at].top = true;
        }
    }
}
