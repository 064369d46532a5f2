//! A chart as a page draws it: what a recipe knows of it, and how it comes of results.

use crate::kind::chart::{ChartKind, Described, Options};
use crate::plan::NodeIndex;
use crate::report::draw::figure::Figure;
use crate::report::read::results::Results;

/// What a chart is to be drawn of.
pub struct View<'a> {
    pub results: &'a Results<'a>,
    /// The nodes meant, at least one: several where the reference has variants.
    pub nodes: &'a [NodeIndex],
    /// The output port, where one is named.
    pub port: Option<&'a str>,
    pub title: Option<&'a str>,
}

impl View<'_> {
    /// The first of the nodes.
    pub fn first(&self) -> NodeIndex {
        self.nodes[0]
    }

    /// The title asked for, else the chart's own.
    pub fn title(&self, own: impl FnOnce() -> String) -> String {
        self.title.map_or_else(own, str::to_owned)
    }
}

/// A chart that a report draws: one file under `charts/`.
pub trait Draw: Described {
    /// The figure; none where the results hold nothing that it shows.
    fn draw(view: &View<'_>, options: &Self::Options) -> Option<Figure>;
}

/// A chart, with its types erased.
pub struct Chart {
    draw: fn(&View<'_>, &Options) -> Option<Figure>,
    kind: fn() -> ChartKind,
    /// The name in a recipe.
    pub name: &'static str,
}

impl Chart {
    /// The chart that a file declares.
    pub const fn of<C: Draw>() -> Self {
        Self {
            name: C::NAME,
            kind: ChartKind::of::<C>,
            draw: |view, given| {
                // A recipe was checked; a plan built in Rust may say anything.
                let options = serde_json::from_value(given.clone().into()).ok()?;
                C::draw(view, &options)
            },
        }
    }

    /// What a recipe knows of it.
    pub fn kind(&self) -> ChartKind {
        (self.kind)()
    }

    /// The figure, with the nodes that it is of.
    pub fn draw(&self, view: &View<'_>, given: &Options) -> Option<Figure> {
        let mut figure = (self.draw)(view, given)?;
        figure.chart = self.name;
        if figure.nodes.is_empty() {
            figure.nodes = view.nodes.to_vec();
        }
        Some(figure)
    }
}
