//! How measures rank variants, and how far they agree: places by variant and measure, or τ by measure and measure, as shades.

use std::collections::BTreeMap;

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
    region: Option<String>,
    column: String,
    value: f64,
    ends: Option<(f64, f64)>,
}

fn read(grid: &Grid, (row, across): (&str, &str), value: &str) -> Vec<Row> {
    let of = |at: usize| {
        Some(Row {
            row: grid.text(row, at)?,
            region: grid.text(column::REGION, at),
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
    let shades = Shades { called, falling: true, ..shades(&rows)? };
    let title = "Places of variants by measure".to_owned();
    Some(figure(view, grid, (column::PLACE, title), &shades, &rows))
}

/// Measure by measure: how far both rank alike.
fn agreement(view: &View<'_>, grid: &Grid) -> Option<Figure> {
    let measure = main_measure(grid)?;
    let mut rows = read(grid, (column::A, column::B), &measure);
    let turned = rows.iter().map(|row| Row {
        row: row.column.clone(),
        column: row.row.clone(),
        region: row.region.clone(),
        ..*row
    });
    let both: Vec<Row> = turned.collect();
    rows.extend(both);
    // Every measure in the order in which the pairs name them first, a measure and itself left empty.
    let called = [column::A, column::B, &grid.measure(&measure).axis()].map(str::to_owned);
    let shades = Shades { called, share: grid.measure(&measure).share, ..shades(&rows)? };
    let label = grid.measure(&measure).label;
    let half = rows.len() / 2;
    Some(figure(view, grid, (&measure, capital(&label)), &shades, &rows[..half]))
}

/// The cells, columns of a region beside one another; none without rows.
fn shades(rows: &[Row]) -> Option<Shades> {
    let mut names: Vec<String> = Vec::new();
    let mut columns: Vec<(Option<String>, String)> = Vec::new();
    let mut known: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    for row in rows {
        if !names.contains(&row.row) {
            names.push(row.row.clone());
        }
    }
    // Measure and measure stand in one order.
    let square = rows.iter().all(|row| names.contains(&row.column));
    for region in regions(rows) {
        let of_region = rows.iter().filter(|row| row.region == region).map(|row| &row.column);
        let mut of: Vec<String> = Vec::new();
        for name in of_region {
            if !of.contains(name) {
                of.push(name.clone());
            }
        }
        if square {
            of.sort_by_key(|name| names.iter().position(|known| known == name));
        }
        columns.extend(of.into_iter().map(|name| (region.clone(), name)));
    }
    for row in rows {
        let at = names.iter().position(|name| *name == row.row)?;
        let place = columns.iter().position(|(region, name)| *region == row.region && *name == row.column)?;
        known.insert((at, place), row.value);
    }
    let groups = columns.iter().map(|(region, _)| region.clone()).collect::<Option<Vec<_>>>();
    let cells = (0..names.len()).flat_map(|row| (0..columns.len()).map(move |column| (row, column)));
    let values = cells.map(|place| known.get(&place).copied().unwrap_or(f64::NAN)).collect();
    let columns: Vec<String> = columns.into_iter().map(|(_, name)| name).collect();
    (!names.is_empty()).then(|| Shades { rows: names, columns, column_groups: groups, values, ..Shades::default() })
}

fn regions(rows: &[Row]) -> Vec<Option<String>> {
    let mut known = Vec::new();
    for row in rows {
        if !known.contains(&row.region) {
            known.push(row.region.clone());
        }
    }
    known
}

fn figure(view: &View<'_>, grid: &Grid, (measure, title): (&str, String), shades: &Shades, rows: &[Row]) -> Figure {
    let interval = grid.fact_text(fact::INTERVAL);
    let said = interval.map(|over| format!(" Intervals, in the numbers below: {over}.")).unwrap_or_default();
    let widest = rows.iter().filter_map(|row| Some((row, row.ends?)));
    let widest = widest.max_by(|(_, a), (_, b)| (a.1 - a.0).total_cmp(&(b.1 - b.0)));
    let print = |x: f64| if shades.share { score(x) } else { general(x) };
    let widest = widest.map(|(row, (low, high))| {
        format!(" The widest is that of {} and {}, {} to {}.", row.row, row.column, print(low), print(high))
    });
    Figure {
        title: view.title(|| title),
        panels: shaded::panels(shades, true),
        layout: "one",
        data: data(shades, measure, rows),
        caption: shaded::caption(shades, &(said + &widest.unwrap_or_default())),
        definition: grid.measure(measure).sentence(),
        ..Figure::default()
    }
}

/// A row per cell, with its interval.
fn data(shades: &Shades, measure: &str, rows: &[Row]) -> Data {
    let [row, across, _] = &shades.called;
    let mut data = Data::of([column::REGION, row, across, measure, column::LOW, column::HIGH]);
    for of in rows {
        let ends = of.ends.map_or([String::new(), String::new()], |(low, high)| [cell(low), cell(high)]);
        let own = [of.region.clone().unwrap_or_default(), of.row.clone(), of.column.clone(), cell(of.value)];
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
        assert!(figure.panels[0].wide.contains("<title>features.1, RSA (IT) · 2</title>"), "{}", figure.panels[0].wide);
        assert_eq!(
            figure.caption,
            "2 rows × 4 columns, from 1 to 2. Intervals, in the numbers below: 95 % over draws of stimuli (percentiles). The widest is \
             that of features.0 and RSA, 1 to 2."
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
        for cell in ["RSA, ridge (IT) · −.250", "ridge, RSA (IT) · −.250"] {
            assert!(figure.panels[0].wide.contains(&format!("<title>{cell}</title>")), "{}", figure.panels[0].wide);
        }
        assert!(figure.caption.contains("4 cells without a value left empty."), "{}", figure.caption);
    }
}
