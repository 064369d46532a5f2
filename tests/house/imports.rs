//! Which file imports which, read from the syntax: `use` trees, paths in bodies, in macros and in attributes' strings.
//!
//! Modules behind `#[cfg(test)]` are left out. Parents count as files: `mod.rs` that uses its child, which uses `super`, is a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// A file that names another one's items.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// Relative to the folder of sources, as `to` is.
    pub from: PathBuf,
    pub line: usize,
    pub to: PathBuf,
}

/// Every import between files of the rooms that the doors open, each pair of files once per line.
///
/// A door is a crate's root. It declares rooms and hands on those below, so that a room's path is the same in every crate, and
/// is itself no file of a room: `crate::value::matrix` means one file wherever it stands.
pub fn imports(source: &Path, doors: &[PathBuf]) -> Vec<Import> {
    let mut modules = Modules::default();
    for door in doors {
        modules.read_children(&parse(door), door.parent().expect("a root lies in a folder"), &[]);
    }
    let mut found = BTreeSet::new();
    for module in modules.known.values() {
        let mut reader = Reader { modules: &modules, module, found: BTreeSet::new() };
        reader.visit_file(&module.syntax);
        for (line, to) in reader.found {
            let to = &modules.known[&to].file;
            if *to != module.file {
                let relative = |path: &Path| path.strip_prefix(source).unwrap_or(path).to_owned();
                found.insert(Import { from: relative(&module.file), line, to: relative(to) });
            }
        }
    }
    found.into_iter().collect()
}

/// The files of the rooms that the doors open.
pub fn files(source: &Path, doors: &[PathBuf]) -> Vec<PathBuf> {
    let mut modules = Modules::default();
    for door in doors {
        modules.read_children(&parse(door), door.parent().expect("a root lies in a folder"), &[]);
    }
    modules.known.values().map(|module| module.file.strip_prefix(source).unwrap_or(&module.file).to_owned()).collect()
}

/// Groups of files that import one another, each in the order of its names; none in a sound house.
pub fn circles(imports: &[Import]) -> Vec<Vec<PathBuf>> {
    let mut onto: BTreeMap<&Path, BTreeSet<&Path>> = BTreeMap::new();
    for import in imports {
        onto.entry(&import.from).or_default().insert(&import.to);
    }
    let reach: BTreeMap<&Path, BTreeSet<&Path>> = onto.keys().map(|&from| (from, reachable(from, &onto))).collect();
    let mut left: BTreeSet<&Path> = onto.keys().copied().filter(|file| reach[file].contains(file)).collect();
    let mut circles = Vec::new();
    while let Some(&first) = left.iter().next() {
        let circle: Vec<PathBuf> = left
            .iter()
            .filter(|&&file| file == first || (reach[first].contains(file) && reach[file].contains(first)))
            .map(|file| file.to_path_buf())
            .collect();
        left.retain(|file| !circle.iter().any(|known| known == file));
        circles.push(circle);
    }
    circles
}

fn reachable<'a>(from: &'a Path, onto: &BTreeMap<&'a Path, BTreeSet<&'a Path>>) -> BTreeSet<&'a Path> {
    let mut seen = BTreeSet::new();
    let mut next = vec![from];
    while let Some(file) = next.pop() {
        for &to in onto.get(file).into_iter().flatten() {
            if seen.insert(to) {
                next.push(to);
            }
        }
    }
    seen
}

struct Module {
    /// Where it hangs below the doors, the room's name first.
    path: Vec<String>,
    file: PathBuf,
    syntax: syn::File,
}

#[derive(Default)]
struct Modules {
    known: BTreeMap<Vec<String>, Module>,
}

impl Modules {
    /// Reads the modules that a file declares; their files lie in `folder`.
    fn read_children(&mut self, syntax: &syn::File, folder: &Path, path: &[String]) {
        for item in &syntax.items {
            let syn::Item::Mod(module) = item else { continue };
            if module.content.is_some() || is_for_tests(&module.attrs) {
                continue;
            }
            let name = module.ident.to_string();
            let below = folder.join(&name);
            let flat = folder.join(format!("{name}.rs"));
            let (file, below) = match named_path(&module.attrs) {
                Some(named) => {
                    let file = folder.join(named);
                    let below = file.parent().expect("a file lies in a folder").to_owned();
                    (file, below)
                }
                None if flat.is_file() => (flat, below),
                None => (below.join("mod.rs"), below),
            };
            let path: Vec<String> = path.iter().cloned().chain([name]).collect();
            let syntax = parse(&file);
            self.read_children(&syntax, &below, &path);
            let file = file.canonicalize().unwrap_or(file);
            self.known.insert(path.clone(), Module { path, file, syntax });
        }
    }

    /// The module that a path leads to, as far as modules go.
    fn resolve(&self, path: &[String]) -> Option<Vec<String>> {
        (1..=path.len()).rev().map(|count| path[..count].to_vec()).find(|path| self.known.contains_key(path))
    }
}

fn parse(file: &Path) -> syn::File {
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// What `#[path = "…"]` names.
fn named_path(attributes: &[syn::Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| {
        let syn::Meta::NameValue(pair) = &attribute.meta else { return None };
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else { return None };
        pair.path.is_ident("path").then(|| text.value())
    })
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        let condition = list.tokens.to_string().replace(' ', "");
        list.path.is_ident("cfg") && (condition == "test" || condition.starts_with("all(test,"))
    })
}

struct Reader<'a> {
    modules: &'a Modules,
    module: &'a Module,
    found: BTreeSet<(usize, Vec<String>)>,
}

impl Reader<'_> {
    /// Notes what a path names, if that lies in the workspace.
    fn note(&mut self, path: &[String], line: usize) {
        let Some(first) = path.first() else { return };
        let own = &self.module.path;
        let mut absolute: Vec<String> = match first.as_str() {
            "crate" => Vec::new(),
            "self" => own.clone(),
            "super" => own[..own.len() - 1].to_vec(),
            name if self.modules.known.contains_key(&[own.clone(), vec![name.to_owned()]].concat()) => {
                [own.clone(), vec![name.to_owned()]].concat()
            }
            // Another crate of the workspace: its rooms hang below its name.
            name if name.starts_with("ventral") => Vec::new(),
            _ => return,
        };
        let mut rest = &path[1..];
        while rest.first().is_some_and(|segment| segment == "super") {
            absolute.pop();
            rest = &rest[1..];
        }
        absolute.extend_from_slice(rest);
        if let Some(module) = self.modules.resolve(&absolute) {
            self.found.insert((line, module));
        }
    }

    fn tree(&mut self, before: &[String], tree: &syn::UseTree, line: usize) {
        let with = |name: &syn::Ident| before.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
        match tree {
            syn::UseTree::Path(path) => self.tree(&with(&path.ident), &path.tree, path.ident.span().start().line),
            syn::UseTree::Name(name) if name.ident == "self" => self.note(before, line),
            syn::UseTree::Name(name) => self.note(&with(&name.ident), name.ident.span().start().line),
            syn::UseTree::Rename(name) if name.ident == "self" => self.note(before, line),
            syn::UseTree::Rename(name) => self.note(&with(&name.ident), name.ident.span().start().line),
            syn::UseTree::Glob(_) => self.note(before, line),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(before, tree, line)),
        }
    }

    /// Paths among tokens that nobody parses, such as a macro's.
    fn tokens(&mut self, tokens: TokenStream) {
        let all: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < all.len() {
            match &all[at] {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    let path: Vec<String> = text.trim_matches('"').split("::").map(str::to_owned).collect();
                    if path.len() > 1 && matches!(path[0].as_str(), "crate" | "super" | "self") {
                        self.note(&path, literal.span().start().line);
                    }
                }
                TokenTree::Ident(ident) => {
                    let (line, mut path) = (ident.span().start().line, vec![ident.to_string()]);
                    while let (Some(TokenTree::Punct(a)), Some(TokenTree::Punct(b)), Some(TokenTree::Ident(next))) =
                        (all.get(at + 1), all.get(at + 2), all.get(at + 3))
                    {
                        if a.as_char() != ':' || b.as_char() != ':' {
                            break;
                        }
                        path.push(next.to_string());
                        at += 3;
                    }
                    if path.len() > 1 {
                        self.note(&path, line);
                    }
                }
                TokenTree::Punct(_) => {}
            }
            at += 1;
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
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

    fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
        if !is_for_tests(&block.attrs) {
            visit::visit_item_impl(self, block);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.tree(&[], &item.tree, item.use_token.span.start().line);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.note(&segments, path.segments[0].ident.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }
}
