//! How measures rank variants, and how far they agree: places by variant and measure, or τ by measure and measure, as shades.

use crate::kind::chart::Described;
use crate::kind::{Role, column, fact};
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::options::Nothing;
use crate::report::charts::shaded;
use crate::report::charts::shades::Shades;
use crate::report::draw::data::{Data, cell};
use crate::report::draw::figure::Figure;
use crate::report::draw::number::{general, score};
use crate::report::read::grid::Grid;
use crate::report::read::measure::capital;
use crate::report::read::sample::main_measure;

/// How measures rank variants.
pub struct Rankings;

impl Described for Rankings {
    const NAME: &'static str = "rankings";
    const ABOUT: &'static str = "How measures rank variants, by variant and measure, or how far two measures agree.";
    const DRAWS: &'static [Role] = &[Role::Ranks, Role::Agreement];
    const USUAL: &'static [Role] = &[Role::Ranks, Role::Agreement];
    type Options = Nothing;
}

impl Draw for Rankings {
    fn draw(view: &View<'_>, _: &Nothing) -> Option<Figure> {
        let node = view.first();
        let meant = |role: Role| {
            let port = view.results.port(node, role)?;
            view.port.is_none_or(|named| named == port).then(|| view.results.table(node, port)).flatten()
        };
        if let Some(grid) = meant(Role::Ranks) {
            return places(view, &grid);
        }
        agreement(view, &*meant(Role::Agreement)?)
    }
}

/// A row of the table as a cell: its row, its region and column, and its numbers.
struct Row {
    row: String,
    /// Empty where there are none.
    region: String,
    column: String,
    value: f64,
    ends: Option<(f64, f64)>,
}

impl Row {
    /// The same seen from the other side.
    fn turned(&self) -> Self {
        Self { row: self.column.clone(), column: self.row.clone(), region: self.region.clone(), ..*self }
    }
}

fn read(grid: &Grid, (row, across): (&str, &str), value: &str) -> Vec<Row> {
    let of = |at: usize| {
        Some(Row {
            row: grid.text(row, at)?,
            region: grid.text(column::REGION, at).unwrap_or_default(),
            column: grid.text(across, at)?,
            value: grid.number(value, at).unwrap_or(f64::NAN),
            ends: grid.number(column::LOW, at).zip(grid.number(column::HIGH, at)),
        })
    };
    (0..grid.rows).filter_map(of).collect()
}

/// Variant by measure: the place of each, first strongest.
fn places(view: &View<'_>, grid: &Grid) -> Option<Figure> {
    let rows = read(grid, (column::VARIANT, column::RANKED_BY), column::PLACE);
    let called = [column::VARIANT, column::RANKED_BY, &grid.measure(column::PLACE).axis()].map(str::to_owned);
    let by_region = by_region(&rows).into_iter().map(|(region, rows)| {
        let shades = Shades { called: called.clone(), falling: true, ..shades(&rows) };
        (region, shades)
    });
    let title = "Places of variants by measure".to_owned();
    let heads = [column::VARIANT, column::RANKED_BY, column::PLACE];
    figure((view, grid), title, heads, &by_region.collect::<Vec<_>>(), &rows)
}

/// Measure by measure: how far both rank alike.
fn agreement(view: &View<'_>, grid: &Grid) -> Option<Figure> {
    let tau = main_measure(grid)?;
    let rows = read(grid, (column::A, column::B), &tau);
    let measure = grid.measure(&tau);
    let called = ["measure".to_owned(), "measure".to_owned(), measure.axis()];
    let by_region = by_region(&rows).into_iter().map(|(region, rows)| {
        let turned: Vec<Row> = rows.iter().map(|row| row.turned()).collect();
        let both: Vec<&Row> = rows.into_iter().chain(&turned).collect();
        let shades = Shades { called: called.clone(), share: measure.share, ..shades(&both) };
        (region, shades)
    });
    let heads = [column::A, column::B, &tau];
    figure((view, grid), capital(&measure.label), heads, &by_region.collect::<Vec<_>>(), &rows)
}

/// The rows of each region, in the order in which regions stand.
fn by_region(rows: &[Row]) -> Vec<(String, Vec<&Row>)> {
    let mut all: Vec<(String, Vec<&Row>)> = Vec::new();
    for row in rows {
        match all.iter_mut().find(|(region, _)| *region == row.region) {
            Some((_, of)) => of.push(row),
            None => all.push((row.region.clone(), vec![row])),
        }
    }
    all
}

/// The cells of a region, rows and columns in the order in which they stand; columns that are rows too in the order of these.
fn shades(rows: &[&Row]) -> Shades {
    let known = |names: &mut Vec<String>, name: &String| {
        if !names.contains(name) {
            names.push(name.clone());
        }
    };
    let (mut names, mut columns) = (Vec::new(), Vec::new());
    for row in rows {
        known(&mut names, &row.row);
        known(&mut columns, &row.column);
    }
    if columns.iter().all(|name| names.contains(name)) {
        columns.sort_by_key(|name| names.iter().position(|known| known == name));
    }
    let value = |name: &String, column: &String| {
        rows.iter().find(|row| row.row == *name && row.column == *column).map_or(f64::NAN, |row| row.value)
    };
    let values = names.iter().flat_map(|name| columns.iter().map(move |column| value(name, column))).collect();
    Shades { rows: names, columns, values, ..Shades::default() }
}

fn figure(
    (view, grid): (&View<'_>, &Grid),
    title: String,
    heads: [&str; 3],
    by_region: &[(String, Shades)],
    rows: &[Row],
) -> Option<Figure> {
    let (_, first) = by_region.first()?;
    let print = |x: f64| if first.share { score(x) } else { general(x) };
    let interval = grid.fact_text(fact::INTERVAL);
    let mut said = interval.map(|over| format!(" Intervals, in the numbers: {over}.")).unwrap_or_default();
    let ends = rows.iter().filter_map(|row| Some((row, row.ends?)));
    let widest = ends.max_by(|(_, a), (_, b)| (a.1 - a.0).total_cmp(&(b.1 - b.0)));
    if let Some((row, (low, high))) = widest {
        let region = if by_region.len() > 1 { format!(" in {}", row.region) } else { String::new() };
        said += &format!(" The widest, of {} and {}{region}: {} to {}.", row.row, row.column, print(low), print(high));
    }
    let panels = by_region.iter().flat_map(|(region, shades)| {
        let mut of_region = shaded::panels(shades, true, view.results.medium);
        if by_region.len() > 1 {
            of_region[0].heading.clone_from(region);
        }
        of_region
    });
    Some(Figure {
        title: view.title(|| title),
        panels: panels.collect(),
        layout: "one",
        data: data(heads, rows),
        caption: shaded::caption(first, &said),
        definition: grid.measure(heads[2]).sentence(),
        ..Figure::default()
    })
}

/// A row per cell, with its interval.
fn data(heads: [&str; 3], rows: &[Row]) -> Data {
    let mut data = Data::of([&[column::REGION][..], &heads, &[column::LOW, column::HIGH]].concat());
    for of in rows {
        let ends = of.ends.map_or([String::new(), String::new()], |(low, high)| [cell(low), cell(high)]);
        let own = [of.region.clone(), of.row.clone(), of.column.clone(), cell(of.value)];
        data.row(own.into_iter().chain(ends));
    }
    data
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::report::fixture::{Fixture, Options, drawn, fixture};

    fn study() -> Fixture {
        fixture(Options { alike: true, ..Options::default() })
    }

    #[test]
    fn places_stand_by_variant_and_measure_region_by_region() {
        let figure = drawn(&study(), "rankings", "agree", json!({})).expect("a figure");
        assert_eq!(figure.title, "Places of variants by measure");
        let csv = figure.data.csv();
        assert_eq!(csv.lines().next(), Some("region,variant,ranked_by,place,low,high"));
        assert_eq!(csv.lines().nth(3), Some("V4,features.0,RSA,1,1,2"));
        assert!(figure.panels[0].wide.contains("<title>features.1, RSA · 2</title>"), "{}", figure.panels[0].wide);
        assert_eq!(
            figure.caption,
            "2 rows × 2 columns, from 1 to 2. Intervals, in the numbers: 95 % over draws of stimuli (percentiles). The widest, of features.0 \
             and RSA in IT: 1 to 2."
        );
    }

    #[test]
    fn agreement_stands_by_measure_and_measure() {
        let figure = drawn(&study(), "rankings", "agree.table", json!({})).expect("a figure");
        assert_eq!(figure.title, "Agreement of rankings");
        assert_eq!(
            figure.data.csv(),
            "region,a,b,tau,low,high\nV4,ridge,RSA,0.5,0.25,0.75\nIT,ridge,RSA,-0.25,-0.5,0.25\n"
        );
        // Either way round, and nothing of a measure and itself.
        assert_eq!(figure.panels[2].heading, "IT");
        for cell in ["RSA, ridge · −.250", "ridge, RSA · −.250"] {
            assert!(figure.panels[2].wide.contains(&format!("<title>{cell}</title>")), "{}", figure.panels[2].wide);
        }
        assert!(figure.caption.contains("2 cells without a value left empty."), "{}", figure.caption);
    }
}
