//! Which functions a file calls, by the paths that it spells, test modules left out.

use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};

/// The paths of calls that a predicate picks, with their lines, such as `12: fs::write`.
pub fn calls(file: &Path, picks: impl Fn(&str) -> bool) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let syntax = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let mut reader = Reader { picks: &picks, found: Vec::new() };
    reader.visit_file(&syntax);
    reader.found
}

struct Reader<'a> {
    picks: &'a dyn Fn(&str) -> bool,
    found: Vec<String>,
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let for_tests = module.attrs.iter().any(|attribute| {
            matches!(&attribute.meta, syn::Meta::List(list) if list.path.is_ident("cfg") && list.tokens.to_string().contains("test"))
        });
        if !for_tests {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let spelled = segments.join("::");
        if (self.picks)(&spelled) {
            let line = path.segments[0].ident.span().start().line;
            self.found.push(format!("{line}: {spelled}"));
        }
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let name = call.method.to_string();
        if (self.picks)(&name) {
            self.found.push(format!("{}: .{name}", call.method.span().start().line));
        }
        visit::visit_expr_method_call(self, call);
    }
}
