//! Charts: what a report draws of a node, and variations on it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};

use crate::plan;
use crate::repl::browser;
use crate::repl::handle::Run;
use crate::repl::{Outcome, Refusal};
use crate::report::page::single;
use crate::report::page::single::Drawing;
use crate::report::{Audience, Study, charts};
use crate::workspace::reference;

/// A chart that is drawn. Cheap enough to clone.
#[derive(Clone)]
pub struct Chart {
    run: Run,
    reference: String,
    request: plan::Chart,
    pub(super) drawing: Drawing,
}

impl Chart {
    pub(super) fn of(run: &Run, text: &str) -> Outcome<Self> {
        let target = reference::resolve(&run.session, text)?;
        // A port counts only where it was named: a chart finds the right one by itself.
        let named = text.split(['@', '[']).next().is_some_and(|head| head.contains('.'));
        let request = plan::Chart { nodes: target.nodes, port: named.then_some(target.port), ..plan::Chart::default() };
        Self::drawn(run, text, request)
    }

    fn drawn(run: &Run, reference: &str, request: plan::Chart) -> Outcome<Self> {
        let survey = run.session.survey();
        let store = run.session.store();
        let study = Study {
            plan: &run.session.plan,
            outcomes: &survey.outcomes,
            objects: store.objects(),
            sources: &survey.sources,
            finished: String::new(),
            audience: Audience::Here,
        };
        let drawing = single::drawing(&study, &request).map_err(|error| {
            // Where the results are missing, the refusal says what makes them.
            run.find(reference).err().unwrap_or_else(|| {
                let kinds = names();
                Refusal::new(format!("{error} `.kind(…)?` draws another: {kinds}").replacen("No ", "no ", 1))
            })
        })?;
        Ok(Self { run: run.clone(), reference: reference.to_owned(), request, drawing })
    }

    fn with(&self, change: impl FnOnce(&mut plan::Chart)) -> Outcome<Self> {
        let mut request = self.request.clone();
        change(&mut request);
        Self::drawn(&self.run, &self.reference, request)
    }

    /// The same with an option, as a recipe gives it.
    fn option(&self, name: &str, value: Json) -> Outcome<Self> {
        self.with(|request| drop(request.options.insert(name.to_owned(), value)))
    }

    /// Another kind of chart: `box`, `violin`, `strip`, `bar`, `profile`, `histogram`, `scatter`, `spectrum`, …
    pub fn kind(&self, kind: &str) -> Outcome<Self> {
        if charts().get(kind).is_none() {
            let near = crate::text::nearest::nearest(kind, charts().names());
            let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(Refusal::new(format!("there is no chart `{kind}`{hint}; there are {}", names())));
        }
        self.with(|request| request.kind = Some(kind.to_owned()))
    }

    /// The column or variable along x.
    pub fn x(&self, column: &str) -> Outcome<Self> {
        self.option("x", column.into())
    }

    /// The column or measure along y, such as `r`.
    pub fn y(&self, column: &str) -> Outcome<Self> {
        self.option("y", column.into())
    }

    /// The units to show, where the chart is of units.
    pub fn units<S: ToString>(&self, units: impl IntoIterator<Item = S>) -> Outcome<Self> {
        self.option("units", units.into_iter().map(|unit| unit.to_string()).collect())
    }

    /// A published value to draw beside one's own.
    pub fn reference(&self, label: &str, value: f64) -> Outcome<Self> {
        let mut known = match self.request.options.get("reference") {
            Some(Json::Object(known)) => known.clone(),
            _ => Map::new(),
        };
        known.insert(label.to_owned(), value.into());
        self.option("reference", known.into())
    }

    /// What stands above it.
    pub fn title(&self) -> String {
        self.drawing.title.clone()
    }

    /// What is drawn, n, and what error bars are.
    pub fn caption(&self) -> String {
        self.drawing.caption.clone()
    }

    /// Writes it to a file: `.svg` where it is one picture, `.html` always.
    pub fn save(&self, path: impl AsRef<Path>) -> Outcome<PathBuf> {
        let path = path.as_ref();
        let text = match path.extension().and_then(|extension| extension.to_str()) {
            Some("svg") => self.drawing.svg().ok_or_else(|| {
                Refusal::new(format!("{}: this chart is more than one picture; save it as .html", path.display()))
            })?,
            Some("html") => format!("<!doctype html><meta charset=\"utf-8\">{}\n", self.drawing.html()),
            _ => return Err(Refusal::new(format!("{}: a chart is saved as .svg or .html", path.display()))),
        };
        fs::write(path, text).map_err(|error| Refusal::new(format!("{}: {error}", path.display())))?;
        Ok(path.to_owned())
    }

    /// Opens it in the browser, where there is one.
    pub fn open(&self) -> Outcome<()> {
        let folder = std::env::temp_dir().join(format!("ventral-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| Refusal::new(format!("{}: {error}", folder.display())))?;
        browser::open(&self.save(folder.join("chart.html"))?)
    }
}

/// The charts that there are.
fn names() -> String {
    charts().names().collect::<Vec<_>>().join(", ")
}

impl fmt::Debug for Chart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.drawing.title, self.drawing.caption)
    }
}
