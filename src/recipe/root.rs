//! The workspace that a recipe belongs to.

use std::path::{Path, PathBuf};

/// The folder of a recipe's `cache/` and `reports/`, absolute: the nearest one above the recipe that holds `recipes/`, else
/// the nearest one above the current folder, else the current folder.
pub fn workspace_of(recipe: &Path) -> PathBuf {
    let current = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let recipe = std::path::absolute(recipe).unwrap_or_else(|_| current.join(recipe));
    let holds_recipes = |folder: &&Path| folder.join("recipes").is_dir();
    let above = recipe.ancestors().skip(1).find(holds_recipes);
    above.or_else(|| current.ancestors().find(holds_recipes)).unwrap_or(&current).to_owned()
}
