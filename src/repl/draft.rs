//! A study written in Rust, node by node; it is checked as a recipe is, and can be saved as one.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use crate::plan::Plan;
use crate::recipe;
use crate::recipe::Options;
use crate::repl::setting::Setting;
use crate::repl::{Outcome, Refusal};

/// A study under way: `Draft::new("mine").node("it", "synthetic_it").with("images", 64).node(…).plan()?`.
#[derive(Clone, Debug)]
pub struct Draft {
    name: String,
    sections: Map<String, Json>,
    nodes: Map<String, Json>,
    /// The first thing that cannot be, told by `plan`.
    problem: Option<String>,
}

impl Draft {
    /// A study without nodes; its results and its report go by the name.
    pub fn new(name: &str) -> Self {
        let sections = Map::from_iter([("version".to_owned(), json!(1))]);
        Self { name: name.to_owned(), sections, nodes: Map::new(), problem: None }
    }

    /// What stands at the top of the report.
    #[must_use]
    pub fn title(self, title: &str) -> Self {
        self.section("title", json!(title))
    }

    /// What random numbers start from, unless a node says otherwise.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        self.section("seed", json!(seed))
    }

    /// A variable that parameters and inputs name as `${name}`, and that `run.set` changes.
    #[must_use]
    pub fn var(self, name: &str, value: impl Into<Setting>) -> Self {
        self.entry("vars", name, value.into().0)
    }

    /// A variable that takes several values, each giving variants of the nodes that use it.
    #[must_use]
    pub fn sweep<T: Into<Setting>>(self, name: &str, values: impl IntoIterator<Item = T>) -> Self {
        let values: Vec<Json> = values.into_iter().map(|value| value.into().0).collect();
        self.entry("sweep", name, Json::Array(values))
    }

    /// A node of a kind; `with` and `input` that follow are of it.
    #[must_use]
    pub fn node(mut self, name: &str, kind: &str) -> Self {
        if self.nodes.insert(name.to_owned(), json!({ "kind": kind })).is_some() {
            self.refuse(format!("there are two nodes named `{name}`"));
        }
        self
    }

    /// A parameter of the node named last.
    #[must_use]
    pub fn with(self, param: &str, value: impl Into<Setting>) -> Self {
        self.of_last("with", param, value.into().0)
    }

    /// An input of the node named last: `.input("images", "it.images")`, `.input("scores", "scores@*")`.
    #[must_use]
    pub fn input(self, port: &str, reference: &str) -> Self {
        self.of_last("in", port, json!(reference))
    }

    /// Several inputs at a port of the node named last, by labels.
    #[must_use]
    pub fn inputs(self, port: &str, labelled: &[(&str, &str)]) -> Self {
        let labelled: Map<String, Json> = labelled.iter().map(|(l, r)| ((*l).to_owned(), json!(r))).collect();
        self.of_last("in", port, Json::Object(labelled))
    }

    /// The outputs of the node named last are dropped when their readers are done.
    #[must_use]
    pub fn dropped(mut self) -> Self {
        match self.nodes.iter_mut().next_back().and_then(|(_, node)| node.as_object_mut()) {
            Some(node) => drop(node.insert("keep".to_owned(), json!(false))),
            None => self.refuse("`dropped` stands before any node".to_owned()),
        }
        self
    }

    /// The study as a recipe.
    pub fn recipe(&self) -> Outcome<String> {
        if let Some(problem) = &self.problem {
            return Err(Refusal::new(problem.clone()));
        }
        let mut sections = self.sections.clone();
        sections.insert("nodes".to_owned(), Json::Object(self.nodes.clone()));
        serde_yaml::to_string(&sections).map_err(|error| Refusal::new(error.to_string()))
    }

    /// The study as a plan in the workspace of the current folder, or everything that is wrong with it.
    pub fn plan(&self) -> Outcome<Plan> {
        let text = self.recipe()?;
        let name = format!("{}.yaml", self.name);
        Ok(recipe::read(
            Path::new(&name),
            &text,
            &crate::nodes::registry(),
            crate::report::charts(),
            &Options::default(),
        )?
        .plan)
    }

    fn section(mut self, key: &str, value: Json) -> Self {
        self.sections.insert(key.to_owned(), value);
        self
    }

    fn entry(mut self, section: &str, name: &str, value: Json) -> Self {
        let map = self.sections.entry(section).or_insert_with(|| json!({}));
        if let Some(map) = map.as_object_mut() {
            map.insert(name.to_owned(), value);
        }
        self
    }

    fn of_last(mut self, section: &str, key: &str, value: Json) -> Self {
        let Some((_, node)) = self.nodes.iter_mut().next_back() else {
            self.refuse(format!("`{key}` stands before any node; begin with `.node(NAME, KIND)`"));
            return self;
        };
        let map = node.as_object_mut().map(|node| node.entry(section).or_insert_with(|| json!({})));
        if let Some(map) = map.and_then(Json::as_object_mut) {
            map.insert(key.to_owned(), value);
        }
        self
    }

    fn refuse(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }
}
