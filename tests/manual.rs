//! The manual: pages that are made of the code are as the code is, links lead somewhere, and what the pages type runs.
//!
//! `VENTRAL_PAGES=write cargo nextest run --release -p ventral --test manual` writes the generated pages anew.

#[path = "manual/fragment.rs"]
mod fragment;
#[path = "manual/generated.rs"]
mod generated;
#[path = "manual/links.rs"]
mod links;
#[path = "manual/page.rs"]
mod page;
#[path = "manual/typed.rs"]
mod typed;

use std::collections::BTreeSet;
use std::process::Command;

use page::Page;

/// Pages that stand in no list of pages.
const LISTS: [&str; 2] = ["README", "SUMMARY"];

fn names() -> BTreeSet<String> {
    let names = page::manual().into_iter().map(|page| page.stem().to_owned());
    names.filter(|name| !LISTS.contains(&name.as_str())).collect()
}

#[test]
fn kinds_and_charts_are_told_as_the_code_has_them() {
    generated::hold("docs/kinds.md", &generated::kinds());
    generated::hold("docs/charts.md", &generated::charts());
}

#[test]
fn every_page_is_a_chapter_and_a_topic_of_help() {
    let summary = Page::read("docs/SUMMARY.md");
    let chapters: Vec<String> = links::targets(&summary).into_iter().map(|target| target.replace(".md", "")).collect();
    assert_eq!(chapters.iter().filter(|name| *name != "README").cloned().collect::<BTreeSet<_>>(), names());
    assert_eq!(chapters.len(), names().len() + 1, "a page stands twice in SUMMARY.md");
    let help = Command::new(env!("CARGO_BIN_EXE_ventral")).arg("help").output().expect("it starts");
    let help = String::from_utf8(help.stdout).expect("text");
    let topics =
        help.split("Pages of the manual:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("topics");
    let topics: BTreeSet<String> =
        topics.lines().filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect();
    assert_eq!(topics.iter().map(|topic| topic.trim_end_matches(".md").to_owned()).collect::<BTreeSet<_>>(), names());
    for name in topics {
        let said = Command::new(env!("CARGO_BIN_EXE_ventral")).args(["help", &name]).output().expect("it starts");
        let said = String::from_utf8(said.stdout).expect("text");
        assert!(said.starts_with("# ") && !said.contains("<!--"), "`ventral help {name}` begins: {said:.80}");
    }
}

#[test]
fn every_link_leads_somewhere() {
    let others = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(Page::read);
    let wrong: Vec<String> = page::manual().iter().chain(&others).flat_map(links::broken).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let recipes = Page::read("docs/recipes.md");
    for (planted, why) in [
        ("absent.md", "is not there"),
        ("kinds.md#absent", "has no such heading"),
        ("#absent", "has no such heading"),
        ("../README.md", "leaves docs/, and the book with it"),
    ] {
        assert_eq!(links::wrong(&recipes, planted).as_deref(), Some(why), "{planted}");
    }
    assert!(links::targets(&recipes).len() > 12, "links are not seen");
}

mod needs_python3 {
    use super::*;

    /// README first, in a folder with nothing in it; then every page in a workspace of all recipes, with what the cache holds by then.
    #[test]
    fn what_the_pages_type_runs() {
        let mut typist = typed::Typist::new();
        typist.page(&Page::read("README.md"), false);
        for page in page::manual() {
            typist.page(&page, true);
        }
        assert!(typist.wrong.is_empty(), "{}", typist.wrong.join("\n\n"));
        assert!(typist.typed > 60, "only {} commands and recipes were tried", typist.typed);
        insta::assert_snapshot!("not_typed", typist.left_out.join("\n"));
    }
}
