//! Variables: what `vars` and `--set` say, and `${name}` put in place.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::diagnostic::{Problems, quoted};
use crate::recipe::lower::settings::Settings;
use crate::recipe::lower::suggest::suggest;
use crate::recipe::lower::sweep::Sweep;
use crate::recipe::syntax::template;
use crate::recipe::syntax::template::Piece;
use crate::recipe::syntax::tree::{Entry, Tree, Value};
use crate::recipe::wording;

/// The most text that variables may expand to over the whole recipe, in bytes.
const MAX_EXPANDED: usize = 32 << 20;

/// Every variable of a recipe.
pub struct Variables {
    /// The values of `vars`, resolved; absent where the value is wrong, which is reported already.
    fixed: HashMap<String, Option<Json>>,
    /// What varies: the section `sweep`, or the trials of a `search`.
    pub sweep: Sweep,
    /// Names in the order of the recipe, for hints and warnings.
    declared: Vec<(String, Range<usize>)>,
    used: RefCell<HashSet<String>>,
    /// Texts that name a variable as another language would, and how it is written here.
    plain: RefCell<Vec<(Range<usize>, String)>>,
    expanded: Cell<usize>,
}

/// What a name stands for.
enum Meaning<'a> {
    /// One value, unless it is wrong.
    Fixed(Option<&'a Json>),
    Swept(usize),
    Unknown,
}

/// The swept variables that a tree uses, ascending, and whether all its variables exist.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Uses {
    pub swept: Vec<usize>,
    pub sound: bool,
}

impl Variables {
    /// Reads the section `vars`. `swept` names what a sweep or a search varies, which is read later.
    pub fn read(vars: Option<&Entry>, swept: &[&str], settings: &mut Settings, problems: &mut Problems) -> Self {
        let mut this = Self {
            fixed: HashMap::new(),
            sweep: Sweep::default(),
            declared: Vec::new(),
            used: RefCell::default(),
            plain: RefCell::default(),
            expanded: Cell::new(0),
        };
        this.read_vars(vars, swept, settings, problems);
        this
    }

    /// The names of all variables, in the order of the recipe.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.declared.iter().map(|(name, _)| name.as_str())
    }

    /// The value that `vars` gives to a name; nothing inside where it is wrong, which is reported.
    pub fn fixed(&self, name: &str) -> Option<Option<&Json>> {
        self.fixed.get(name).map(Option::as_ref)
    }

    /// What stood where a setting stands now used these: that nothing else does is no slip.
    pub fn excuse<'n>(&self, names: impl Iterator<Item = &'n str>) {
        let fixed = names.filter(|name| self.sweep.find(name).is_none());
        self.used.borrow_mut().extend(fixed.map(str::to_owned));
    }

    /// Reports what no variable can be, once per tree, and tells which swept variables it uses.
    pub fn check(&self, tree: &Tree, problems: &mut Problems) -> Uses {
        let mut uses = Uses { swept: Vec::new(), sound: true };
        self.check_into(tree, &mut uses, problems);
        uses.swept.sort_unstable();
        uses.swept.dedup();
        uses
    }

    /// The same where no node is: a swept variable has no one value there.
    pub fn check_fixed(&self, tree: &Tree, problems: &mut Problems) -> bool {
        let uses = self.check(tree, problems);
        for &variable in &uses.swept {
            let name = &self.sweep.variables[variable].name;
            problems
                .error(tree.place.clone(), format!("`{name}` is swept, so it has no one value here"))
                .help("swept variables stand only inside nodes");
        }
        uses.sound && uses.swept.is_empty()
    }

    fn check_into(&self, tree: &Tree, uses: &mut Uses, problems: &mut Problems) {
        match &tree.value {
            Value::List(items) => items.iter().for_each(|item| self.check_into(item, uses, problems)),
            Value::Map(entries) => entries.iter().for_each(|entry| self.check_into(&entry.value, uses, problems)),
            Value::Scalar(Json::String(text)) if template::has_variables(text) => {
                self.check_text(tree, text, uses, problems)
            }
            Value::Scalar(Json::String(text)) => {
                let written = self.names().find_map(|name| foreign(text, name));
                self.plain.borrow_mut().extend(written.map(|written| (tree.place.clone(), written)));
            }
            Value::Scalar(_) => {}
        }
    }

    fn check_text(&self, tree: &Tree, text: &str, uses: &mut Uses, problems: &mut Problems) {
        let source = Arc::clone(&problems.source);
        let pieces = match template::pieces(text) {
            Ok(pieces) => pieces,
            Err((at, message)) => {
                uses.sound = false;
                problems.error(tree.part(&source, &at), message).help("write `$${` for the characters `${` themselves");
                return;
            }
        };
        let alone = pieces.len() == 1;
        for piece in pieces {
            let Piece::Variable(name, at) = piece else { continue };
            self.used.borrow_mut().insert(name.to_owned());
            match self.find(name) {
                Meaning::Swept(variable) => {
                    uses.swept.push(variable);
                    let levels = &self.sweep.variables[variable].levels;
                    let whole = levels.iter().find(|level| level.value.is_array() || level.value.is_object());
                    if let Some(level) = whole.filter(|_| !alone) {
                        uses.sound = false;
                        let what = wording::given(&level.value);
                        let message = format!("`{name}` is {what}, which cannot stand inside a text");
                        let help = format!("a text that is nothing but \"${{{name}}}\" takes it whole");
                        problems.error(tree.part(&source, &at), message).help(help);
                    }
                }
                Meaning::Fixed(None) => uses.sound = false,
                Meaning::Fixed(Some(value)) if !alone && (value.is_array() || value.is_object()) => {
                    uses.sound = false;
                    let what = wording::given(value);
                    problems
                        .error(tree.part(&source, &at), format!("`{name}` is {what}, which cannot stand inside a text"))
                        .help(format!("a text that is nothing but \"${{{name}}}\" takes it whole"));
                }
                Meaning::Fixed(Some(_)) => {}
                Meaning::Unknown => {
                    uses.sound = false;
                    let problem = problems.error(tree.part(&source, &at), format!("there is no variable `{name}`"));
                    suggest(problem, name, self.names(), "the variables are");
                    if self.declared.is_empty() {
                        problem.help("variables are declared under `vars:` or `sweep:`; `$${` stands for `${` itself");
                    }
                }
            }
        }
    }

    /// A tree with its variables in place, for a row of swept values; nothing where a variable is missing, which is
    /// reported by `check`.
    pub fn expand(&self, tree: &Tree, row: &[(usize, usize)]) -> Option<Json> {
        Some(match &tree.value {
            Value::Scalar(Json::String(text)) if template::has_variables(text) => self.expand_text(text, row)?,
            Value::Scalar(value) => value.clone(),
            Value::List(items) => Json::Array(items.iter().map(|item| self.expand(item, row)).collect::<Option<_>>()?),
            Value::Map(entries) => {
                let pairs = entries.iter().map(|e| Some((e.key.clone(), self.expand(&e.value, row)?)));
                Json::Object(pairs.collect::<Option<Map<_, _>>>()?)
            }
        })
    }

    fn expand_text(&self, text: &str, row: &[(usize, usize)]) -> Option<Json> {
        let value = |name: &str| match self.find(name) {
            Meaning::Fixed(value) => value,
            Meaning::Swept(variable) => self.sweep.value(row, variable),
            Meaning::Unknown => None,
        };
        let pieces = template::pieces(text).ok()?;
        if let [Piece::Variable(name, _)] = pieces.as_slice() {
            let value = value(name)?;
            self.spend(size(value))?;
            return Some(value.clone());
        }
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => out += text,
                Piece::Variable(name, _) => out += &wording::scalar_text(value(name)?),
            }
        }
        self.spend(out.len())?;
        Some(Json::String(out))
    }

    fn spend(&self, bytes: usize) -> Option<()> {
        self.expanded.set(self.expanded.get().saturating_add(bytes));
        (self.expanded.get() <= MAX_EXPANDED).then_some(())
    }

    fn find(&self, name: &str) -> Meaning<'_> {
        match (self.sweep.find(name), self.fixed.get(name)) {
            (Some(variable), _) => Meaning::Swept(variable),
            (None, Some(value)) => Meaning::Fixed(value.as_ref()),
            (None, None) => Meaning::Unknown,
        }
    }

    /// Closes the books: an expansion out of bounds is an error, a variable that nobody uses a warning.
    pub fn finish(&self, problems: &mut Problems) {
        if self.expanded.get() > MAX_EXPANDED {
            let most = MAX_EXPANDED >> 20;
            let place = self.declared.first().map_or(0..0, |(_, place)| place.clone());
            problems.error(place, format!("the variables expand to more than {most} MB of text"));
        }
        for (place, written) in self.plain.take() {
            let help = format!("a variable is written with braces: `{written}`");
            match problems.error_at(&place) {
                Some(error) => error.help(help),
                None => problems.warning(place, "this is plain text, and no variable of that name").help(help),
            };
        }
        let used = self.used.borrow();
        for (name, place) in self.declared.iter().filter(|(name, _)| !used.contains(name)) {
            let what =
                if self.sweep.find(name).is_some() { "is swept, but nothing varies with it" } else { "is never used" };
            problems
                .warning(place.clone(), format!("the variable `{name}` {what}"))
                .help(format!("`${{{name}}}` stands for its value"));
        }
    }

    /// Makes a name known, unless it can be none, which is reported.
    pub fn declare(&mut self, name: &str, place: &Range<usize>, problems: &mut Problems) {
        if !template::is_name(name) {
            problems
                .error(place.clone(), format!("{} cannot name a variable", quoted(name)))
                .help("a name has letters, digits, `_` and `-`, and begins with a letter");
        }
        if !self.declared.iter().any(|(known, _)| known == name) {
            self.declared.push((name.to_owned(), place.clone()));
        }
    }

    fn read_vars(&mut self, vars: Option<&Entry>, swept: &[&str], settings: &mut Settings, problems: &mut Problems) {
        let Some(entry) = vars.filter(|entry| !entry.value.is_null()) else { return };
        let Value::Map(entries) = &entry.value.value else {
            problems
                .error(
                    entry.place.clone(),
                    format!("`vars` is {}; it is a map of names and values", entry.value.describe()),
                )
                .help("as in `vars: { components: 1000 }`");
            return;
        };
        let all: HashSet<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        for Entry { key, place, value } in entries {
            self.declare(key, place, problems);
            let is_swept = swept.contains(&key.as_str());
            // A setting of a swept variable belongs to its sweep.
            let set = if is_swept { None } else { settings.take(key) };
            let resolved = match set {
                Some(setting) => Some(setting.value()),
                None if self.uses_only_what_stands_above(value, &all, swept, problems) => self.expand(value, &[]),
                None => None,
            };
            self.fixed.insert(key.clone(), resolved);
        }
    }

    /// A variable may use those above it, so that none can stand for itself.
    fn uses_only_what_stands_above(
        &self,
        tree: &Tree,
        all: &HashSet<&str>,
        swept: &[&str],
        problems: &mut Problems,
    ) -> bool {
        let mut sound = true;
        for (name, place) in tree.variables(&problems.source) {
            if swept.contains(&name) {
                sound = false;
                problems
                    .error(place, format!("`{name}` is swept, so no variable can depend on it"))
                    .help(format!("write ${{{name}}} in the node itself"));
            } else if !self.fixed.contains_key(name) && all.contains(name) {
                sound = false;
                problems
                    .error(place, format!("the variable `{name}` is declared only from here on"))
                    .help("a variable may use those that stand above it");
            }
        }
        sound && self.check(tree, problems).sound
    }
}

/// The bytes a value takes, roughly.
fn size(value: &Json) -> usize {
    match value {
        Json::String(text) => text.len() + 8,
        Json::Array(items) => items.iter().map(size).sum::<usize>() + 8,
        Json::Object(map) => map.iter().map(|(key, value)| key.len() + size(value)).sum::<usize>() + 8,
        _ => 8,
    }
}

/// A text that names a variable as `$name` or `{{ name }}`, as it would be written here.
fn foreign(text: &str, name: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let dollar = format!("${name}");
    let bare = text.match_indices(&dollar).find(|(at, _)| !text[at + dollar.len()..].starts_with(is_part));
    if let Some((at, _)) = bare {
        return Some(format!("{}${{{name}}}{}", &text[..at], &text[at + dollar.len()..]));
    }
    [format!("{{{{{name}}}}}"), format!("{{{{ {name} }}}}")]
        .iter()
        .find(|braces| text.contains(braces.as_str()))
        .map(|braces| text.replace(braces.as_str(), &format!("${{{name}}}")))
}
