//! What a chart is to a recipe: its name, its options and what it can draw. A report adds how it is drawn.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::kind::role::Role;

/// A chart as its file declares it.
pub trait Described: 'static {
    /// The name in a recipe, equal to the file's as far as Rust has no keyword of that name.
    const NAME: &'static str;
    /// What it shows, in a sentence.
    const ABOUT: &'static str;
    /// What it can draw.
    const DRAWS: &'static [Role];
    /// The roles whose chart it is where a recipe names none.
    const USUAL: &'static [Role] = &[];
    /// The options beside `node`, `kind` and `title`; a field's doc comment is its manual.
    type Options: DeserializeOwned + JsonSchema;
}

/// A chart, with its types erased.
pub struct ChartKind {
    pub name: &'static str,
    pub about: &'static str,
    pub draws: &'static [Role],
    pub usual: &'static [Role],
    pub options: Vec<ChartOption>,
}

/// An option of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartOption {
    pub name: String,
    pub about: String,
    pub shape: Shape,
}

/// What an option is in a recipe.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Text,
    /// One of some words.
    Word(Vec<String>),
    /// A list of names, or one.
    Names,
    /// A map of names to numbers.
    Numbers,
}

impl ChartKind {
    /// The description of a chart.
    pub fn of<C: Described>() -> Self {
        let mut generator = schemars::generate::SchemaSettings::draft07()
            .with(|settings| settings.inline_subschemas = true)
            .into_generator();
        let schema = generator.root_schema_for::<C::Options>().to_value();
        let fields = schema.get("properties").and_then(Json::as_object).into_iter().flatten();
        let options = fields.map(|(name, schema)| ChartOption {
            name: name.clone(),
            about: schema.get("description").and_then(Json::as_str).unwrap_or_default().to_owned(),
            shape: Shape::of(schema),
        });
        Self { name: C::NAME, about: C::ABOUT, draws: C::DRAWS, usual: C::USUAL, options: options.collect() }
    }

    /// An option by name.
    pub fn option(&self, name: &str) -> Option<&ChartOption> {
        self.options.iter().find(|option| option.name == name)
    }
}

impl Shape {
    /// What a schema describes.
    fn of(schema: &Json) -> Self {
        let alternatives = schema.get("anyOf").or(schema.get("oneOf")).and_then(Json::as_array).into_iter().flatten();
        let mut words: Vec<String> = Vec::new();
        for schema in std::iter::once(schema).chain(alternatives) {
            let listed = schema.get("enum").and_then(Json::as_array).into_iter().flatten();
            words.extend(listed.chain(schema.get("const")).filter_map(Json::as_str).map(str::to_owned));
        }
        if !words.is_empty() {
            return Self::Word(words);
        }
        match schema.get("type").and_then(Json::as_str) {
            Some("array") => Self::Names,
            Some("object") => Self::Numbers,
            _ => Self::Text,
        }
    }
}

/// The charts that a recipe may ask for.
#[derive(Default)]
pub struct Charts(Vec<ChartKind>);

impl Charts {
    /// Charts in the order of their names.
    pub fn of(charts: impl IntoIterator<Item = ChartKind>) -> Self {
        let mut all: Vec<ChartKind> = charts.into_iter().collect();
        all.sort_by_key(|chart| chart.name);
        Self(all)
    }

    /// The chart of that name.
    pub fn get(&self, name: &str) -> Option<&ChartKind> {
        self.0.iter().find(|chart| chart.name == name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &ChartKind> {
        self.0.iter()
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.0.iter().map(|chart| chart.name)
    }

    /// The option of that name, of whichever chart.
    pub fn option(&self, name: &str) -> Option<&ChartOption> {
        self.0.iter().find_map(|chart| chart.option(name))
    }

    /// The options of all charts, each name once.
    pub fn options(&self) -> Vec<&ChartOption> {
        let mut all: Vec<&ChartOption> = Vec::new();
        for option in self.0.iter().flat_map(|chart| &chart.options) {
            if !all.iter().any(|known| known.name == option.name) {
                all.push(option);
            }
        }
        // What many charts take stands first: along x, along y.
        all.sort_by_key(|option| (!self.is_shared(&option.name), SHARED.iter().position(|name| *name == option.name)));
        all
    }

    /// Whether several charts have the option.
    pub fn is_shared(&self, name: &str) -> bool {
        self.0.iter().filter(|chart| chart.option(name).is_some()).count() > 1
    }
}

/// Options in the order in which a manual tells them.
const SHARED: &[&str] = &["x", "y", "units", "reference", "brackets"];

/// A chart's options as a recipe gives them: names and values.
pub type Options = Map<String, Json>;
