//! Links of a page: to files that are there, and to headings in them.

use std::collections::HashMap;
use std::path::Path;

use crate::page::{Page, root};

/// Where a page's links and pictures lead, but for the web.
pub fn targets(page: &Page) -> Vec<String> {
    page.prose.iter().flat_map(|(_, line)| of_line(line)).collect()
}

/// The links that lead nowhere, and those of the manual that leave it: the book has no other pages.
pub fn broken(page: &Page) -> Vec<String> {
    let found = page.prose.iter().flat_map(|(line, text)| of_line(text).into_iter().map(move |target| (line, target)));
    let wrong = found.filter_map(|(line, target)| {
        let why = wrong(page, &target)?;
        Some(format!("{}:{line}: ({target}) {why}", page.name))
    });
    wrong.collect()
}

/// What is wrong with a link of a page.
pub fn wrong(page: &Page, target: &str) -> Option<String> {
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let folder = Path::new(&page.name).parent().expect("a folder");
    let path = if file.is_empty() { Path::new(&page.name).to_owned() } else { folder.join(file) };
    let inside = page.name.starts_with("docs/");
    if inside && file.contains('/') {
        return Some("leaves docs/, and the book with it".to_owned());
    }
    if !root().join(&path).exists() {
        return Some("is not there".to_owned());
    }
    let anchor = anchor?;
    let other = Page::read(path.to_str().expect("UTF-8").trim_start_matches("./"));
    (!anchors(&other).contains(&anchor.to_owned())).then(|| "has no such heading".to_owned())
}

fn of_line(line: &str) -> Vec<String> {
    let text = without_code(line);
    let starts = text.match_indices("](").map(|(at, _)| at + 2);
    let targets = starts.filter_map(|start| Some(text[start..].split_once(')')?.0.to_owned()));
    targets.filter(|target| !["http://", "https://", "mailto:"].iter().any(|web| target.starts_with(web))).collect()
}

fn without_code(line: &str) -> String {
    line.split('`').enumerate().map(|(at, part)| if at % 2 == 0 { part } else { "" }).collect()
}

/// What the headings of a page are called in addresses, as GitHub and mdBook make it.
pub fn anchors(page: &Page) -> Vec<String> {
    let mut times: HashMap<String, usize> = HashMap::new();
    let headings = page.prose.iter().filter(|(_, line)| line.starts_with('#'));
    let named = headings.map(|(_, line)| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let name: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let before = times.entry(name.clone()).or_insert(0);
        *before += 1;
        if *before == 1 { name } else { format!("{name}-{}", *before - 1) }
    });
    named.collect()
}
