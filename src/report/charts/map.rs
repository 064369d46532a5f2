//! A mean by variant and region, or subject, as shades: which layer is like which region.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::kind::chart::Described;
use crate::kind::{Role, column};
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::shaded;
use crate::report::charts::shades::Shades;
use crate::report::draw::figure::Figure;
use crate::report::draw::number::{count, counted};
use crate::report::read::measure::{Measure, capital};
use crate::report::read::sample::{Sample, Source};
use crate::report::read::similar::Similarities;

/// What the cells are of.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Options {
    /// The column or measure along y.
    y: Option<String>,
    /// What the columns are: regions, or subjects.
    #[serde(default)]
    across: Across,
}

/// What the columns are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Across {
    #[default]
    Region,
    Subject,
}

impl Across {
    fn column(self) -> &'static str {
        match self {
            Self::Region => column::REGION,
            Self::Subject => column::SUBJECT,
        }
    }
}

/// Means by variant and region as shades.
pub struct Map;

impl Described for Map {
    const NAME: &'static str = "map";
    const ABOUT: &'static str = "Means by variant and region, such as layer by region, as shades.";
    const DRAWS: &'static [Role] = &[Role::Similarity, Role::OverSubjects, Role::Scores];
    type Options = Options;
}

impl Draw for Map {
    fn draw(view: &View<'_>, options: &Options) -> Option<Figure> {
        let cells = read(view, options)?;
        (!cells.rows.is_empty() && !cells.columns.is_empty()).then(|| figure(view, &cells, options.across))
    }
}

/// The map that a page shows of itself: nothing where one name would stand at a side.
pub fn usual(view: &View<'_>) -> Option<Figure> {
    let cells = read(view, &Options::default())?;
    (cells.rows.len() > 1 && cells.columns.len() > 1).then(|| figure(view, &cells, Across::Region))
}

/// Means by row and column.
struct Cells {
    measure: Measure,
    /// What rows differ in.
    variable: String,
    rows: Vec<String>,
    columns: Vec<String>,
    /// The mean of a row and a column, and over how many numbers it is.
    means: BTreeMap<(usize, usize), (f64, usize)>,
    /// What the mean is over: `unit` or `subject`.
    over: &'static str,
}

fn read(view: &View<'_>, options: &Options) -> Option<Cells> {
    let (y, across) = (options.y.as_deref(), options.across);
    match view.results.gives(view.first(), &[Role::OverSubjects]) {
        true => Some(of_similarities(&Similarities::gather(view.results, view.nodes, None, y)?, across)),
        false => of_scores(view, y, across),
    }
}

/// Scores per unit, in the mean over the units of a region or subject.
fn of_scores(view: &View<'_>, y: Option<&str>, across: Across) -> Option<Cells> {
    let x = across.column();
    let sample = Sample::gather(view.results, view.nodes, Source::Of(Role::Scores), Some(x), y)?;
    // A table that knows no regions is sorted by something else.
    if sample.variable != x {
        return None;
    }
    let known: Vec<usize> = (0..sample.categories.len()).filter(|&at| !sample.categories[at].is_empty()).collect();
    let place = |category: usize| known.iter().position(|&at| at == category);
    let means = sample.groups.iter().filter_map(|group| {
        let summary = group.summary?;
        Some(((group.series, place(group.category)?), (summary.mean, summary.n)))
    });
    Some(Cells {
        means: means.collect(),
        measure: sample.measure,
        variable: sample.second,
        rows: sample.series,
        columns: known.iter().map(|&at| sample.categories[at].clone()).collect(),
        over: "unit",
    })
}

/// Similarities in the mean over subjects, or each subject's own.
fn of_similarities(similar: &Similarities, across: Across) -> Cells {
    let at = similar.variables.iter().position(|name| name == across.column());
    let (mut rows, mut columns): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let place = |names: &mut Vec<String>, name: String| {
        names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        })
    };
    let mut means = BTreeMap::new();
    for mean in &similar.means {
        let others = mean.labels.iter().enumerate().filter(|(place, label)| Some(*place) != at && !label.is_empty());
        let row = place(&mut rows, others.map(|(_, label)| label.clone()).collect::<Vec<_>>().join(", "));
        match across {
            Across::Region => {
                let name = at.map_or_else(String::new, |at| mean.labels[at].clone());
                means.insert((row, place(&mut columns, name)), (mean.value, mean.subjects));
            }
            Across::Subject => {
                for (subject, value) in &mean.own {
                    means.insert((row, place(&mut columns, subject.clone())), (*value, 1));
                }
            }
        }
    }
    let others = similar.variables.iter().enumerate().filter(|(place, _)| Some(*place) != at);
    let variable = others.map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ");
    Cells { measure: similar.measure.clone(), variable, rows, columns, means, over: "subject" }
}

fn figure(view: &View<'_>, cells: &Cells, across: Across) -> Figure {
    let variable = cells.variable.replace('_', " ");
    let values = (0..cells.rows.len()).flat_map(|row| (0..cells.columns.len()).map(move |column| (row, column)));
    let shades = Shades {
        called: [cells.variable.clone(), across.column().to_owned(), cells.measure.axis()],
        rows: cells.rows.clone(),
        columns: cells.columns.clone(),
        values: values.map(|place| cells.means.get(&place).map_or(f64::NAN, |mean| mean.0)).collect(),
        share: cells.measure.share,
        ..Shades::default()
    };
    let counts = || cells.means.values().map(|mean| mean.1);
    let (least, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
    let n = if least == most {
        counted(most, cells.over)
    } else {
        format!("{} to {}", count(least), counted(most, cells.over))
    };
    let said = if most > 1 { format!(" Each cell: the mean over {n}.") } else { String::new() };
    let by = [variable.as_str(), across.column()].into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>();
    Figure {
        title: view.title(|| capital(&format!("{} by {}", cells.measure.label, by.join(" and ")))),
        panels: shaded::panels(&shades, true, view.results.medium),
        layout: "one",
        data: shaded::data(&shades),
        caption: shaded::caption(&shades, &said),
        definition: cells.measure.sentence(),
        ..Figure::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::report::fixture::{Fixture, Options, drawn, fixture};

    fn study() -> Fixture {
        let layers = ["features.1", "features.3"].map(str::to_owned).to_vec();
        let units = (0..4).map(|at| format!("u{at}")).collect();
        fixture(Options { layers, units, stimuli: 24, alike: true, ..Options::default() })
    }

    #[test]
    fn layers_stand_by_regions_or_subjects() {
        let figure = drawn(&study(), "map", "rsa", json!({})).expect("a figure");
        assert_eq!(figure.title, "Representational similarity by layer and region");
        let head = "layer,region,representational similarity (similarity of dissimilarities)\n";
        let rows = "features.1,V4,0.125\nfeatures.1,IT,0.1875\nfeatures.3,V4,0.1875\nfeatures.3,IT,0.25\n";
        assert_eq!(figure.data.csv(), format!("{head}{rows}"));
        assert_eq!(figure.caption, "2 rows × 2 columns, from .125 to .250. Each cell: the mean over 3 subjects.");
        assert!(figure.panels[0].wide.contains("<title>features.3, IT · .250</title>"));
        assert!(figure.panels[0].wide.contains(">.250</text>"), "there is room for numbers");
        let figure = drawn(&study(), "map", "rsa", json!({ "across": "subject" })).expect("a figure");
        assert_eq!(figure.title, "Representational similarity by layer, region and subject");
        assert!(figure.data.csv().contains("\n\"features.3, IT\",cid,0.265625\n"), "{}", figure.data.csv());
    }

    #[test]
    fn scores_of_units_without_regions_have_no_map() {
        assert!(drawn(&study(), "map", "scores", json!({ "across": "subject" })).is_none());
        let figure = drawn(&study(), "map", "scores", json!({})).expect("a figure");
        assert_eq!(figure.title, "Explained variance by layer and region");
        assert_eq!(figure.caption.split(". ").last(), Some("Each cell: the mean over 2 units."), "{}", figure.caption);
    }
}
