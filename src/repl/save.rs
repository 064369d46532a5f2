//! From exploration back to a recipe: what was set is put into the recipe's own text.

use std::fs;
use std::path::{Path, PathBuf};

use crate::plan::Plan;
use crate::recipe;
use crate::recipe::{Change, Loaded, Options};
use crate::repl::run::{Origin, Run};
use crate::repl::setting::Setting;
use crate::repl::{Outcome, Refusal};

/// The plan of a recipe with what was set.
pub fn planned(before: &Plan, origin: &Origin) -> Outcome<Loaded> {
    let (params, variables) = sorted(before, origin);
    if origin.text.is_empty() {
        return Err(Refusal::new(
            "this plan was built node by node and has no text; build it with `Draft` to set things",
        ));
    }
    let name = file(before, origin);
    let changes: Vec<Change> =
        params.iter().map(|(keys, value)| Change { keys: keys.clone(), yaml: value.yaml() }).collect();
    let text = recipe::edited(&name, &origin.text, &changes).ok_or_else(|| unfit(&params))?;
    let set: Vec<(String, String)> = variables.iter().map(|(name, value)| (name.clone(), value.yaml())).collect();
    let options = Options { set, workspace: Some(before.workspace.clone()), ..Options::default() };
    let mut loaded = recipe::read(&name, &text, &crate::nodes::registry(), &options)?;
    let all: Vec<(String, String)> = origin.set.iter().map(|(name, value)| (name.clone(), value.yaml())).collect();
    loaded.plan.name = recipe::plan_name(&name, &all);
    loaded.plan.recipe.clone_from(&before.recipe);
    Ok(loaded)
}

/// The recipe's text with everything set put into it.
pub fn text(plan: &Plan, origin: &Origin) -> Outcome<String> {
    if origin.text.is_empty() {
        return Err(Refusal::new("this plan was built node by node and has no text; build it with `Draft` to save it"));
    }
    let (params, variables) = sorted(plan, origin);
    let swept = |name: &str| plan.sweep.iter().any(|(known, _)| known == name);
    let mut changes: Vec<Change> =
        params.into_iter().map(|(keys, value)| Change { keys, yaml: value.yaml() }).collect();
    for (name, value) in variables {
        let section = if swept(&name) { "sweep" } else { "vars" };
        // A swept variable that was given one value stays swept, over that value: its variants keep their names.
        let list = section == "sweep" && !value.0.is_array();
        let yaml = if list { format!("[{}]", value.yaml()) } else { value.yaml() };
        changes.push(Change { keys: vec![section.to_owned(), name], yaml });
    }
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
    let told = |problem: String| Refusal::new(format!("{}: {problem}", place.display()));
    if !place.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
        return Err(told("a recipe is a .yaml file, such as recipes/mine.yaml".to_owned()));
    }
    let options = Options { workspace: Some(plan.workspace.clone()), ..Options::default() };
    let read = recipe::read(&place, &text, &crate::nodes::registry(), &options)?;
    if let Some(difference) = difference(plan, &read.plan) {
        return Err(told(format!("it would not mean what was run here ({difference}); nothing was written")));
    }
    match fs::read_to_string(&place) {
        Ok(there) if there == text => return Ok(place),
        Ok(_) => return Err(told("there is another recipe; choose another name, or delete it first".to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(told(error.to_string())),
    }
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).map_err(|error| told(error.to_string()))?;
    }
    fs::write(&place, text).map_err(|error| told(error.to_string()))?;
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

/// What was set, as parameters of nodes (with the keys that lead there) and as variables.
fn sorted(plan: &Plan, origin: &Origin) -> (Vec<(Vec<String>, Setting)>, Vec<(String, Setting)>) {
    let (mut params, mut variables) = (Vec::new(), Vec::new());
    for (name, value) in &origin.set {
        match name.split_once('.') {
            Some((node, param)) if plan.nodes.iter().any(|known| known.id.name == node) => {
                let way = param.split('.').map(str::to_owned);
                let keys = ["nodes", node, "with"].map(str::to_owned).into_iter().chain(way).collect();
                params.push((keys, value.clone()));
            }
            _ => variables.push((name.clone(), value.clone())),
        }
    }
    (params, variables)
}

/// What diagnostics call the recipe, and its plan is named after.
fn file(plan: &Plan, origin: &Origin) -> PathBuf {
    origin.path.clone().unwrap_or_else(|| {
        let stem = plan.name.split('@').next().unwrap_or_default();
        plan.workspace.join("recipes").join(format!("{stem}.yaml"))
    })
}

fn unfit(params: &[(Vec<String>, Setting)]) -> Refusal {
    let names: Vec<String> = params.iter().map(|(keys, _)| format!("`{}`", keys[1..].join("."))).collect();
    Refusal::new(format!("{} cannot be set: the recipe has no map there", names.join(", ")))
}
