//! The recipes and pages that come with the program.

/// A text by its name.
pub type Named = (&'static str, &'static str);

/// The recipe that a new workspace has.
pub const FIRST: &str = "quickstart";

/// Every recipe, by the name of its file.
pub const RECIPES: &[Named] = &[
    ("architectures", include_str!("../../recipes/architectures.yaml")),
    ("best_model", include_str!("../../recipes/best_model.yaml")),
    ("co_training", include_str!("../../recipes/co_training.yaml")),
    ("data_driven", include_str!("../../recipes/data_driven.yaml")),
    ("it_layers", include_str!("../../recipes/it_layers.yaml")),
    (FIRST, include_str!("../../recipes/quickstart.yaml")),
    ("similarity", include_str!("../../recipes/similarity.yaml")),
    ("task_driven", include_str!("../../recipes/task_driven.yaml")),
    ("v4_ceiling", include_str!("../../recipes/v4_ceiling.yaml")),
    ("v4_layers", include_str!("../../recipes/v4_layers.yaml")),
];

/// Every page of the manual, as `ventral help` prints them.
pub const PAGES: &[Named] = &[
    ("benchmarks", include_str!("../../docs/benchmarks.md")),
    ("charts", include_str!("../../docs/charts.md")),
    ("data", include_str!("../../docs/data.md")),
    ("figures", include_str!("../../docs/figures.md")),
    ("from-notebook", include_str!("../../docs/from-notebook.md")),
    ("kinds", include_str!("../../docs/kinds.md")),
    ("measures", include_str!("../../docs/measures.md")),
    ("own-steps", include_str!("../../docs/own-steps.md")),
    ("pictures", include_str!("../../docs/pictures.md")),
    ("python", include_str!("../../docs/python.md")),
    ("questions", include_str!("../../docs/questions.md")),
    ("recipes", include_str!("../../docs/recipes.md")),
    ("repl", include_str!("../../docs/repl.md")),
    ("training", include_str!("../../docs/training.md")),
    ("travel", include_str!("../../docs/travel.md")),
];

/// The text of a name.
pub fn named(list: &[Named], name: &str) -> Option<&'static str> {
    list.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn of(folder: &str, end: &str) -> BTreeSet<String> {
        let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("the folder reads");
        let names = files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned());
        names.filter_map(|name| Some(name.strip_suffix(end)?.to_owned())).collect()
    }

    #[test]
    fn every_recipe_and_page_is_there() {
        let listed = |list: &[Named]| list.iter().map(|(name, _)| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(listed(RECIPES), of("recipes", ".yaml"));
        let mut pages = of("docs", ".md");
        // The index, on GitHub and of the book.
        assert!(pages.remove("README") && pages.remove("SUMMARY"));
        assert_eq!(listed(PAGES), pages);
    }
}
