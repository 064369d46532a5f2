//! A matrix or a table as shades: every cell by its value, rows and columns as they stand or like beside like.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::kind::chart::Described;
use crate::kind::{Role, column};
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::shaded;
use crate::report::charts::shades::{CLUSTERED, Shades};
use crate::report::draw::figure::Figure;
use crate::report::draw::number::{count, counted};
use crate::report::read::grid::{Cells, Grid};
use crate::report::read::results::Results;
use crate::report::read::sample::main_measure;
use crate::report::read::scored::{identity, index};
use crate::value::matrix::Matrix;
use crate::value::rdm::{Of, Rdm};
use crate::value::stimuli::Stimuli;
use crate::value::ty::Type;

/// In which order rows and columns stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Order {
    #[default]
    Given,
    Clustered,
    Category,
}

/// What the shades are of.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Options {
    /// Rows and columns as they are given, or clustered: like beside like; or stimuli by the category that labels of the study give them.
    #[serde(default)]
    order: Order,
    /// Of a table, the column whose values are the rows.
    rows: Option<String>,
    /// Of a table, the column whose values are the columns; without it, each column of numbers is one.
    columns: Option<String>,
    /// Of a table, the column that is shown.
    value: Option<String>,
    /// Of several dissimilarity matrices, the one that is shown, by a subject, region or name of its own; without it, their mean.
    of: Option<String>,
}

/// A matrix or a table as shades.
pub struct Heatmap;

impl Described for Heatmap {
    const NAME: &'static str = "heatmap";
    const ABOUT: &'static str = "A matrix or a table as shades.";
    const DRAWS: &'static [Role] = &[
        Role::Matrix,
        Role::Predictions,
        Role::Table,
        Role::Comparison,
        Role::Confusion,
        Role::Rdm,
        Role::Similarity,
        Role::OverSubjects,
    ];
    const USUAL: &'static [Role] = &[Role::Rdm];
    type Options = Options;
}

impl Draw for Heatmap {
    fn draw(view: &View<'_>, options: &Options) -> Option<Figure> {
        let read = read(view, options)?;
        let empty = read.shades.rows.is_empty() || read.shades.columns.is_empty();
        (!empty).then(|| figure(view, read, options.order))
    }
}

/// Shades, and the stimuli that their rows are, where they are some.
struct Read {
    shades: Shades,
    stimuli: Option<Stimuli>,
    /// How many rows of a table a cell is the mean of, at most.
    rows: usize,
}

/// The first matrix or table that is meant, as cells.
fn read(view: &View<'_>, options: &Options) -> Option<Read> {
    let node = view.first();
    let kind = view.results.node(node).kind;
    let fits = |ty: Type| matches!(ty, Type::Matrix | Type::Table | Type::Rdm);
    let port = kind.outputs.iter().find(|out| view.port.map_or(fits(out.ty), |port| port == out.name))?;
    if port.ty == Type::Table {
        let (shades, rows) = of_table(&*view.results.table(node, port.name)?, options)?;
        return Some(Read { shades, stimuli: None, rows });
    }
    let stored = *view.results.outputs(node, port.name).first()?;
    if port.ty == Type::Rdm {
        let rdm = view.results.rdm(stored)?;
        let shades = of_rdm(&rdm, options.of.as_deref())?;
        return Some(Read { shades, stimuli: Some(rdm.about.stimuli), rows: 1 });
    }
    let matrix = view.results.matrix(stored)?;
    let stimuli = matrix.about.stimuli.clone().filter(|stimuli| stimuli.len() == matrix.rows());
    Some(Read { shades: of_matrix(&matrix), stimuli, rows: 1 })
}

fn of_matrix(matrix: &Matrix) -> Shades {
    let (n, m) = (matrix.rows(), matrix.columns());
    let stimuli = matrix.about.stimuli.as_ref().filter(|stimuli| stimuli.len() == n);
    let rows = (0..n).map(|row| stimuli.map_or_else(|| (row + 1).to_string(), |all| all.get(row).name.to_string()));
    let columns = matrix.about.columns.clone().filter(|names| names.len() == m);
    Shades {
        called: [if stimuli.is_some() { "stimulus" } else { "row" }, "column", "value"].map(str::to_owned),
        rows: rows.collect(),
        columns: columns.unwrap_or_else(|| (1..=m).map(|at| at.to_string()).collect()),
        values: matrix.view().iter().map(|&x| f64::from(x)).collect(),
        ..Shades::default()
    }
}

/// One of several matrices, or the mean of those that are meant.
fn of_rdm(rdm: &Rdm, of: Option<&str>) -> Option<Shades> {
    let (n, known) = (rdm.about.stimuli.len(), &rdm.about.of);
    let meant = |one: &Of| {
        of.is_none_or(|of| [&one.name, &one.subject, &one.region].iter().any(|word| word.as_deref() == Some(of)))
    };
    let some: Vec<usize> = (0..known.len()).filter(|&at| meant(&known[at])).collect();
    let first = *some.first()?;
    let mut values = vec![0.0; n * n];
    for &at in &some {
        values.iter_mut().zip(rdm.square(at)).for_each(|(sum, value)| *sum += f64::from(value) / some.len() as f64);
    }
    let names: Vec<String> = rdm.about.stimuli.iter().map(|stimulus| stimulus.name.to_string()).collect();
    let value = match &some[..] {
        [_] => {
            known[first].words().map_or_else(|| "dissimilarity".to_owned(), |words| format!("dissimilarity ({words})"))
        }
        several => format!("dissimilarity (mean of {} matrices)", several.len()),
    };
    Some(Shades {
        called: ["stimulus".to_owned(), "stimulus".to_owned(), value],
        rows: names.clone(),
        columns: names,
        values,
        ..Shades::default()
    })
}

/// The cells, and how many rows of the table the one of most is the mean of.
fn of_table(grid: &Grid, options: &Options) -> Option<(Shades, usize)> {
    let words = || grid.columns.iter().filter(|column| matches!(column.cells, Cells::Words(_))).map(|c| &c.name);
    let rows = options.rows.clone().or_else(|| words().next().cloned())?;
    let columns = options.columns.clone().or_else(|| words().find(|name| **name != rows).cloned());
    let mut shades = Shades {
        called: [rows.clone(), columns.clone().unwrap_or_default(), String::new()],
        rows: names(grid, &rows)?,
        ..Shades::default()
    };
    let mut known: BTreeMap<(String, String), (f64, usize)> = BTreeMap::new();
    let mut add = |place, value: Option<f64>| {
        if let Some(value) = value {
            let (sum, count) = known.entry(place).or_default();
            (*sum, *count) = (*sum + value, *count + 1);
        }
    };
    // Where a column says which measure a row is of, its mean is the value.
    let summary = [column::MEASURE, column::MEAN].iter().all(|name| grid.has(name)).then(|| column::MEAN.to_owned());
    let value = options.value.clone().or(summary).or_else(|| main_measure(grid))?;
    match &columns {
        Some(columns) => {
            shades.columns = names(grid, columns)?;
            for row in 0..grid.rows {
                let place = (grid.text(&rows, row).unwrap_or_default(), grid.text(columns, row).unwrap_or_default());
                add(place, grid.number(&value, row));
            }
            shades.called[2] = grid.measure(&value).axis();
        }
        None => {
            let numbers = grid.numeric().filter(|column| options.value.as_ref().is_none_or(|of| *of == column.name));
            shades.columns = numbers.map(|column| column.name.clone()).filter(|name| *name != rows).collect();
            for (row, of) in (0..grid.rows).flat_map(|row| shades.columns.iter().map(move |of| (row, of))) {
                let place = (grid.text(&rows, row).unwrap_or_default(), of.clone());
                add(place, grid.number(of, row));
            }
            shades.called[2] = "Value".to_owned();
        }
    }
    let cells = shades.rows.iter().flat_map(|row| shades.columns.iter().map(move |column| (row, column)));
    let mean = |(row, column): (&String, &String)| {
        known.get(&(row.clone(), column.clone())).map_or(f64::NAN, |(sum, count)| sum / *count as f64)
    };
    shades.values = cells.map(mean).collect();
    let most = known.values().map(|(_, count)| *count).max().unwrap_or(1);
    Some((shades, most))
}

/// The values of a column in the order in which they first stand.
fn names(grid: &Grid, column: &str) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    grid.column(column)?;
    for name in (0..grid.rows).map(|row| grid.text(column, row).unwrap_or_default()) {
        if seen.insert(name.clone()) {
            names.push(name);
        }
    }
    Some(names)
}

fn figure(view: &View<'_>, given: Read, order: Order) -> Figure {
    let size = given.shades.rows.len().max(given.shades.columns.len());
    let (shades, said) = match order {
        Order::Given => (given.shades, String::new()),
        Order::Clustered => {
            let more = if size > CLUSTERED {
                format!(" More than {} stand as given.", count(CLUSTERED))
            } else {
                String::new()
            };
            (given.shades.clustered(), format!(" Like beside like: average linkage of Euclidean distances.{more}"))
        }
        Order::Category => match given.stimuli.and_then(|stimuli| categories(view.results, &stimuli)) {
            Some((what, names)) => (
                given.shades.grouped(&names),
                format!(" Stimuli of one {what} stand together, in the order in which they are given."),
            ),
            None => (given.shades, " In the order given: nothing in the study labels these stimuli.".to_owned()),
        },
    };
    let said = match given.rows {
        0 | 1 => said,
        rows => format!(" A cell is the mean of up to {} of the table.{said}", counted(rows, "row")),
    };
    let id = &view.results.node(view.first()).id;
    let port = view.port.map(|port| format!(".{port}")).unwrap_or_default();
    Figure {
        title: view.title(|| format!("{}{port} as shades", id.name)),
        panels: shaded::panels(&shades, false, view.results.medium),
        layout: "one",
        data: shaded::data(&shades),
        caption: shaded::caption(&shades, &said),
        nodes: vec![view.first()],
        ..Figure::default()
    }
}

/// What labels call each of some stimuli: by their category, where they have one, else by object; and which of both.
fn categories(results: &Results<'_>, stimuli: &Stimuli) -> Option<(&'static str, Vec<String>)> {
    let stored = results.study.plan.nodes.keys().flat_map(|node| results.all_outputs(node));
    let labels = stored.filter(|stored| stored.ty == Type::Labels).filter_map(|stored| results.labels(stored));
    let mut named = labels.filter_map(|labels| {
        let places = index(&labels.stimuli);
        let (what, words) = match &labels.category {
            Some(categories) => ("category", categories),
            None => ("object", &labels.object),
        };
        let of = |stimulus| Some(words.get(*places.get(&identity(stimulus))?)?.clone());
        Some((what, stimuli.iter().map(of).collect::<Option<Vec<String>>>()?))
    });
    named.next()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::report::fixture::{Options, drawn, fixture};

    #[test]
    fn stimuli_stand_by_the_category_that_labels_give_them() {
        let layers = vec!["features.1".to_owned()];
        let study = fixture(Options { layers, stimuli: 24, alike: true, ..Options::default() });
        let figure = |of: &str| drawn(&study, "heatmap", of, json!({ "order": "category" })).expect("a figure");
        let rdm = figure("rsa.rdm_b");
        let csv = rdm.data.csv();
        let rows: Vec<&str> = csv.lines().skip(1).step_by(24).filter_map(|line| line.split(',').next()).collect();
        assert_eq!(rows[..5], ["image0000", "image0008", "image0016", "image0001", "image0009"]);
        let said = " Stimuli of one object stand together, in the order in which they are given.";
        assert!(rdm.caption.ends_with(said), "{}", rdm.caption);
        let picture = &rdm.panels[0].wide;
        assert!(picture.contains(">object 7</text>") && !picture.contains(">image0000</text>"), "{picture}");
        assert!(picture.contains("<title>image0000 (object 0), image0008 (object 0) · "), "{picture}");
        assert!(
            figure("rsa.table").caption.ends_with(" In the order given: nothing in the study labels these stimuli.")
        );
    }

    #[test]
    fn rows_that_share_a_cell_are_averaged_and_told() {
        let layers = vec!["features.1".to_owned()];
        let units = (0..6).map(|at| format!("u{at}")).collect();
        let study = fixture(Options { layers, units, stimuli: 24, ..Options::default() });
        // Three units lie in each of two regions.
        let options = json!({ "rows": "region", "columns": "region", "value": "r" });
        let figure = drawn(&study, "heatmap", "scores.per_unit", options).expect("a figure");
        let csv = figure.data.csv();
        let all = drawn(&study, "box", "scores", json!({ "x": "region", "y": "r" })).expect("a figure").data.csv();
        let number = |line: &str| line.rsplit(',').next().and_then(|cell| cell.parse::<f64>().ok()).expect("a number");
        let of_region: Vec<f64> = all.lines().filter(|line| line.starts_with("V4,")).map(number).collect();
        assert_eq!(of_region.len(), 3, "{all}");
        let shown = csv.lines().find(|line| line.starts_with("V4,V4,")).map(number).expect("a cell");
        assert!((shown - of_region.iter().sum::<f64>() / 3.0).abs() < 1e-12, "{csv} of {all}");
        assert!(figure.caption.contains(" A cell is the mean of up to 3 rows of the table."), "{}", figure.caption);
    }
}
