//! From exploration back to a recipe: what was set is put into the recipe's own text.

use std::fs;
use std::path::{Path, PathBuf};

use crate::plan::Plan;
use crate::recipe;
use crate::recipe::{Change, Target};
use crate::repl::handle::{Origin, Run};
use crate::repl::setting::Setting;
use crate::repl::{Outcome, Refusal};
use crate::workspace::{Session, Written};

/// The recipe with what was set, by the door that `--set` goes through.
pub fn opened(before: &Plan, origin: &Origin) -> Outcome<Session> {
    if origin.text.is_empty() {
        return Err(Refusal::new(
            "this plan was built node by node and has no text; build it with `Draft` to set things",
        ));
    }
    let set: Vec<(String, String)> = origin.set.iter().map(|(name, value)| (name.clone(), value.yaml())).collect();
    Ok(Session::read(written(file(before, origin), &origin.text, before), &crate::nodes::registry(), &set)?)
}

/// A recipe's text in the place of a plan.
fn written(name: PathBuf, text: &str, plan: &Plan) -> Written {
    Written { name, text: text.to_owned(), file: plan.recipe.clone(), workspace: Some(plan.workspace.clone()) }
}

/// The recipe's text with everything set put into it.
pub fn text(plan: &Plan, origin: &Origin) -> Outcome<String> {
    if origin.text.is_empty() {
        return Err(Refusal::new("this plan was built node by node and has no text; build it with `Draft` to save it"));
    }
    let swept = |name: &str| plan.sweep.iter().any(|(known, _)| known == name);
    let change = |(name, value): &(String, Setting)| match Target::of(name) {
        Target::Parameter(node, way) => {
            let keys = ["nodes", node, "with"].into_iter().chain(way.split('.')).map(str::to_owned);
            Change { keys: keys.collect(), yaml: value.yaml() }
        }
        Target::Variable(name) => {
            let section = if swept(name) { "sweep" } else { "vars" };
            // A swept variable that was given one value stays swept, over that value: its variants keep their names.
            let list = section == "sweep" && !value.0.is_array();
            let yaml = if list { format!("[{}]", value.yaml()) } else { value.yaml() };
            Change { keys: vec![section.to_owned(), name.to_owned()], yaml }
        }
    };
    let changes: Vec<Change> = origin.set.iter().map(change).collect();
    recipe::edited(&file(plan, origin), &origin.text, &changes).ok_or_else(|| {
        Refusal::new(
            "what was set cannot be put into the recipe's text (a sweep of chosen combinations?); edit it by hand",
        )
    })
}

/// Writes the recipe of a run, after it proved to mean the same nodes.
pub fn save(run: &Run, path: &Path) -> Outcome<PathBuf> {
    let plan = &run.session.plan;
    let text = text(plan, &run.origin)?;
    let place = plan.workspace.join(path);
    let cannot = |problem: String| Refusal::new(format!("{}: {problem}", place.display()));
    if !place.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
        return Err(cannot("a recipe is a .yaml file, such as recipes/mine.yaml".to_owned()));
    }
    let read = Session::read(written(place.clone(), &text, plan), &crate::nodes::registry(), &[])?;
    if let Some(difference) = difference(plan, &read.plan) {
        return Err(cannot(format!("it would not mean what was run here ({difference}); nothing was written")));
    }
    match fs::read_to_string(&place) {
        Ok(there) if there == text => return Ok(place),
        Ok(_) => return Err(cannot("there is another recipe; choose another name, or delete it first".to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(cannot(error.to_string())),
    }
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).map_err(|error| cannot(error.to_string()))?;
    }
    fs::write(&place, text).map_err(|error| cannot(error.to_string()))?;
    Ok(place)
}

/// How two plans differ in what they compute, if they do.
fn difference(one: &Plan, other: &Plan) -> Option<String> {
    if one.nodes.len() != other.nodes.len() {
        return Some(format!("{} nodes, not {}", other.nodes.len(), one.nodes.len()));
    }
    let same = |(a, b): &(&crate::plan::Node, &crate::plan::Node)| {
        a.id == b.id && a.kind.name == b.kind.name && a.params == b.params && a.edges == b.edges
    };
    one.nodes.iter().zip(&other.nodes).find(|pair| !same(pair)).map(|(node, _)| format!("`{}` differs", node.id))
}

/// What diagnostics call the recipe, and its plan is named after.
fn file(plan: &Plan, origin: &Origin) -> PathBuf {
    origin.path.clone().unwrap_or_else(|| {
        let stem = plan.name.split('@').next().unwrap_or_default();
        plan.workspace.join("recipes").join(format!("{stem}.yaml"))
    })
}
