//! String literals that name a kind, a port or a measure where only their roles may be known.
//!
//! Read from the syntax: attributes, and with them docs, are no literals, and what is behind `#[cfg(test)]` is left out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// The names among the literals of all files below a folder, as `file:line: "literal"`.
pub fn named_below(folder: &Path, names: &BTreeSet<&str>) -> Vec<String> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let text = |path: &Path| fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let rust: Vec<_> = paths.iter().filter(|path| path.extension().is_some_and(|e| e == "rs")).collect();
    let for_tests: BTreeSet<String> = rust.iter().flat_map(|path| modules_for_tests(&text(path))).collect();
    for path in &rust {
        if !for_tests.contains(&*path.file_stem().expect("a file has a name").to_string_lossy()) {
            let lines = named(&text(path), names).into_iter();
            found.extend(lines.map(|(line, literal)| format!("{}:{line}: \"{literal}\"", path.display())));
        }
    }
    for path in paths.iter().filter(|path| path.is_dir()) {
        found.extend(named_below(path, names));
    }
    found
}

/// The names among the literals of a file, with their lines.
pub fn named(text: &str, names: &BTreeSet<&str>) -> Vec<(usize, String)> {
    let mut reader = Reader { names, found: Vec::new() };
    reader.visit_file(&syn::parse_file(text).expect("Rust"));
    reader.found
}

fn modules_for_tests(text: &str) -> Vec<String> {
    let modules = syn::parse_file(text).expect("Rust").items.into_iter().filter_map(|item| match item {
        syn::Item::Mod(module) if module.content.is_none() && is_for_tests(&module.attrs) => {
            Some(module.ident.to_string())
        }
        _ => None,
    });
    modules.collect()
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        list.path.is_ident("cfg") && list.tokens.to_string().split(|c: char| !c.is_alphanumeric()).any(|w| w == "test")
    })
}

struct Reader<'a> {
    names: &'a BTreeSet<&'a str>,
    found: Vec<(usize, String)>,
}

impl Reader<'_> {
    /// A literal that is a name, or holds one that is no word of any language.
    fn literal(&mut self, text: &str, line: usize) {
        let words = || text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        if self.names.contains(text) || words().any(|word| word.contains('_') && self.names.contains(word)) {
            self.found.push((line, text.to_owned()));
        }
    }

    /// Literals among tokens that nobody parses, such as a macro's.
    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    let line = literal.span().start().line;
                    if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                        self.literal(&text.value(), line);
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if !is_for_tests(&function.attrs) {
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.literal(&text.value(), text.span().start().line);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
    }
}
