//! Variables: what `vars`, `sweep` and `--set` say, and `${name}` put in place.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::diagnostic::{Diagnostic, Problems, Source, listed, quoted};
use crate::recipe::lower::search;
use crate::recipe::lower::search::Search;
use crate::recipe::lower::sweep::{Sweep, Swept};
use crate::recipe::syntax::read;
use crate::recipe::syntax::read::{Entry, Tree, Value};
use crate::recipe::syntax::template;
use crate::recipe::syntax::template::Piece;
use crate::recipe::wording;
use crate::text::nearest::nearest;

/// More swept variables than this make no table that anybody reads.
const MAX_SWEPT: usize = 32;
/// The most text that variables may expand to over the whole recipe, in bytes.
const MAX_EXPANDED: usize = 32 << 20;

/// Every variable of a recipe.
pub struct Variables {
    /// The values of `vars`, resolved; absent where the value is wrong, which is reported already.
    fixed: HashMap<String, Option<Json>>,
    pub sweep: Sweep,
    /// What draws the sweep, where the recipe searches.
    pub search: Option<Search>,
    /// Names in the order of the recipe, for hints and warnings.
    declared: Vec<(String, Range<usize>)>,
    used: RefCell<HashSet<String>>,
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
    /// Reads the sections `vars`, `sweep` and `search` and what the command line sets. `seed` is the recipe's; `survivors`
    /// lists the trials of a search that go on at each rung after the first.
    pub fn read(
        vars: Option<&Entry>,
        sweep: Option<&Entry>,
        search: Option<&Entry>,
        set: &[(String, String)],
        seed: u64,
        survivors: &[Vec<usize>],
        problems: &mut Problems,
    ) -> Self {
        let mut this = Self {
            fixed: HashMap::new(),
            sweep: Sweep::default(),
            search: None,
            declared: Vec::new(),
            used: RefCell::default(),
            expanded: Cell::new(0),
        };
        let mut swept = sweep.map(|entry| swept_names(&entry.value)).unwrap_or_default();
        let search = search.filter(|entry| !entry.value.is_null());
        let searched = search.map(search::names).unwrap_or_default();
        swept.extend(searched.iter().map(|entry| entry.key.as_str()));
        let mut settings = settings(set, problems);
        this.read_vars(vars, &swept, &mut settings, problems);
        if let Some(entry) = sweep {
            this.sweep = this.read_sweep(entry, &mut settings, problems);
        }
        if let Some(entry) = search {
            if !this.sweep.variables.is_empty() {
                problems
                    .error(entry.place.clone(), "a recipe has a `sweep` or a `search`, not both")
                    .help("a list of values under `over` is searched like a sweep's");
            }
            let mut fixed: HashMap<&str, Vec<Json>> = HashMap::new();
            for Entry { key, place, .. } in searched {
                this.declare(key, place, problems);
                if let Some(setting) = take(&mut settings, key) {
                    fixed.insert(key, setting.swept(problems));
                }
            }
            this.search = search::read(entry, seed, &|name| fixed.get(name).cloned(), &this, problems);
            if let Some(search) = &this.search {
                this.sweep = search.sweep(survivors);
            }
        }
        let known: Vec<&str> = this.declared.iter().map(|(name, _)| name.as_str()).collect();
        for setting in settings {
            let mut unknown =
                setting.problem(format!("`--set` names {}, which is no variable here", quoted(&setting.name)));
            suggest(&mut unknown, &setting.name, known.iter().copied(), "the variables are");
            if known.is_empty() {
                unknown.help("a recipe declares variables under `vars:` or `sweep:`");
            }
            problems.push(unknown);
        }
        this
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
                Meaning::Swept(variable) => uses.swept.push(variable),
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
                    let known = self.declared.iter().map(|(name, _)| name.as_str());
                    let problem = problems.error(tree.part(&source, &at), format!("there is no variable `{name}`"));
                    suggest(problem, name, known, "the variables are");
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
        let used = self.used.borrow();
        for (name, place) in self.declared.iter().filter(|(name, _)| !used.contains(name)) {
            let what =
                if self.sweep.find(name).is_some() { "is swept, but nothing varies with it" } else { "is never used" };
            problems
                .warning(place.clone(), format!("the variable `{name}` {what}"))
                .help(format!("`${{{name}}}` stands for its value"));
        }
    }

    fn declare(&mut self, name: &str, place: &Range<usize>, problems: &mut Problems) {
        if !template::is_name(name) {
            problems
                .error(place.clone(), format!("{} cannot name a variable", quoted(name)))
                .help("a name has letters, digits, `_` and `-`, and begins with a letter");
        }
        if !self.declared.iter().any(|(known, _)| known == name) {
            self.declared.push((name.to_owned(), place.clone()));
        }
    }

    fn read_vars(
        &mut self,
        vars: Option<&Entry>,
        swept: &[&str],
        settings: &mut Vec<Setting>,
        problems: &mut Problems,
    ) {
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
            let set = if is_swept { None } else { take(settings, key) };
            let resolved = match set {
                Some(setting) => Some(setting.value),
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
        let mut names = Vec::new();
        collect_names(tree, &problems.source, &mut names);
        let mut sound = true;
        for (name, place) in names {
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

    fn read_sweep(&mut self, entry: &Entry, settings: &mut Vec<Setting>, problems: &mut Problems) -> Sweep {
        match &entry.value.value {
            Value::Scalar(Json::Null) => Sweep::default(),
            Value::Map(entries) => self.read_grid(entries, settings, problems),
            Value::List(items) => self.read_chosen(items, settings, problems),
            Value::Scalar(_) => {
                problems
                    .error(entry.place.clone(), format!("`sweep` is {}; it is a map of lists", entry.value.describe()))
                    .help("as in `sweep: { layer: [layer1, layer2] }`, or a list of maps for chosen combinations");
                Sweep::default()
            }
        }
    }

    fn read_grid(&mut self, entries: &[Entry], settings: &mut Vec<Setting>, problems: &mut Problems) -> Sweep {
        let mut variables = Vec::new();
        for Entry { key, place, value } in entries {
            self.declare(key, place, problems);
            if variables.len() == MAX_SWEPT {
                problems.error(place.clone(), format!("a recipe sweeps at most {MAX_SWEPT} variables"));
                break;
            }
            let values = match take(settings, key) {
                Some(setting) => setting.swept(problems),
                None => self.read_values(key, place, value, problems),
            };
            variables.push(Swept::new(key, values));
        }
        Sweep::grid(variables)
    }

    /// The values of one variable of a grid; nothing where they are wrong.
    fn read_values(&self, name: &str, place: &Range<usize>, tree: &Tree, problems: &mut Problems) -> Vec<Json> {
        if !self.check_fixed(tree, problems) {
            return Vec::new();
        }
        let values = match self.expand(tree, &[]) {
            Some(Json::Array(values)) => values,
            None => return Vec::new(),
            Some(other) => {
                let what = wording::given(&other);
                problems
                    .error(place.clone(), format!("`{name}` is swept over {what}; a sweep has a list of values"))
                    .help(format!("as in `{name}: [layer1, layer2]`; a variable with one value belongs under `vars:`"));
                return Vec::new();
            }
        };
        if values.is_empty() {
            problems.error(place.clone(), format!("`{name}` is swept over no values"));
        }
        let place_of = |at: usize| match &tree.value {
            Value::List(items) => items[at].place.clone(),
            _ => tree.place.clone(),
        };
        for (at, value) in values.iter().enumerate() {
            if let Some(problem) = wrong_value(name, value) {
                problems.error(place_of(at), problem);
            }
        }
        for (at, twice) in repeated(&values) {
            problems.error(place_of(at), format!("{} stands twice in the sweep of `{name}`", quoted(&twice)));
        }
        values
    }

    fn read_chosen(&mut self, items: &[Tree], settings: &mut Vec<Setting>, problems: &mut Problems) -> Sweep {
        let mut maps: Vec<(&Tree, &[Entry])> = Vec::new();
        for item in items {
            match &item.value {
                Value::Map(entries) => maps.push((item, entries)),
                _ => {
                    problems
                        .error(
                            item.place.clone(),
                            format!("a combination is a map of names and values, not {}", item.describe()),
                        )
                        .help(
                            "as in `sweep: [{ layer: layer1, components: 100 }, { layer: layer2, components: 500 }]`",
                        );
                }
            }
        }
        let mut names: Vec<&str> = Vec::new();
        for entry in maps.iter().flat_map(|(_, entries)| entries.iter()) {
            if !names.contains(&entry.key.as_str()) {
                self.declare(&entry.key, &entry.place, problems);
                if names.len() == MAX_SWEPT {
                    problems.error(entry.place.clone(), format!("a recipe sweeps at most {MAX_SWEPT} variables"));
                    return Sweep::default();
                }
                names.push(&entry.key);
            }
        }
        let set: Vec<Option<Vec<Json>>> =
            names.iter().map(|name| take(settings, name).map(|setting| setting.swept(problems))).collect();
        let mut columns: Vec<Column> = names.iter().map(|_| Column::default()).collect();
        let mut chosen: Vec<Vec<usize>> = Vec::new();
        for (map, entries) in maps {
            let mut rows: Vec<Vec<usize>> = vec![Vec::new()];
            for (at, name) in names.iter().enumerate() {
                let values = match &set[at] {
                    Some(values) => values.clone(),
                    None => self.chosen_value(name, map, entries, problems).into_iter().collect(),
                };
                let indices: Vec<usize> = values.into_iter().map(|value| columns[at].index(value)).collect();
                let longer = |row: &Vec<usize>, index: usize| row.iter().copied().chain([index]).collect();
                rows = rows.iter().flat_map(|row| indices.iter().map(move |&index| longer(row, index))).collect();
                if rows.len() > crate::recipe::lower::sweep::MAX_VARIANTS {
                    problems.error(map.place.clone(), "what `--set` says makes too many combinations of this");
                    return Sweep::default();
                }
            }
            chosen.extend(rows);
        }
        let variables = names.iter().zip(columns).map(|(name, column)| Swept::new(name, column.values)).collect();
        Sweep::chosen(variables, chosen)
    }

    /// The value of a variable in a chosen combination: its own, or the one under `vars`.
    fn chosen_value(&self, name: &str, map: &Tree, entries: &[Entry], problems: &mut Problems) -> Option<Json> {
        let Some(entry) = entries.iter().find(|entry| entry.key == name) else {
            if let Some(value) = self.fixed.get(name) {
                return value.clone();
            }
            problems
                .error(map.place.clone(), format!("this combination gives no `{name}`, which another one gives"))
                .help(format!("add `{name}:` here, or a default for it under `vars:`"));
            return None;
        };
        if !self.check_fixed(&entry.value, problems) {
            return None;
        }
        let value = self.expand(&entry.value, &[])?;
        match wrong_value(name, &value) {
            None => Some(value),
            Some(problem) => {
                problems.error(entry.value.place.clone(), problem).help("a combination gives each variable one value");
                None
            }
        }
    }
}

/// The distinct values of a variable in chosen combinations.
#[derive(Default)]
struct Column {
    values: Vec<Json>,
    indices: HashMap<String, usize>,
}

impl Column {
    fn index(&mut self, value: Json) -> usize {
        let next = self.values.len();
        let index = *self.indices.entry(wording::scalar_text(&value)).or_insert(next);
        if index == next {
            self.values.push(value);
        }
        index
    }
}

/// The names that a sweep sweeps.
fn swept_names(sweep: &Tree) -> Vec<&str> {
    match &sweep.value {
        Value::Map(entries) => entries.iter().map(|entry| entry.key.as_str()).collect(),
        Value::List(items) => items.iter().flat_map(swept_names).collect(),
        Value::Scalar(_) => Vec::new(),
    }
}

/// Every variable in a tree's texts, with its place.
fn collect_names<'t>(tree: &'t Tree, source: &Source, names: &mut Vec<(&'t str, Range<usize>)>) {
    match &tree.value {
        Value::List(items) => items.iter().for_each(|item| collect_names(item, source, names)),
        Value::Map(entries) => entries.iter().for_each(|entry| collect_names(&entry.value, source, names)),
        Value::Scalar(Json::String(text)) => {
            names.extend(template::pieces(text).into_iter().flatten().filter_map(|piece| match piece {
                Piece::Variable(name, at) => Some((name, tree.part(source, &at))),
                Piece::Text(_) => None,
            }));
        }
        Value::Scalar(_) => {}
    }
}

/// Why a value cannot be swept, if it cannot.
fn wrong_value(name: &str, value: &Json) -> Option<String> {
    match value {
        Json::Null | Json::Array(_) | Json::Object(_) => Some(format!(
            "a value of the swept `{name}` is {}; it is a text, a number or a truth value",
            wording::given(value)
        )),
        Json::String(text) if text.is_empty() || text.contains(char::is_control) => {
            Some(format!("a value of the swept `{name}` is a text of one line, since it names a variant"))
        }
        _ => None,
    }
}

/// The positions of values whose text stands before.
fn repeated(values: &[Json]) -> Vec<(usize, String)> {
    let mut seen = HashSet::new();
    let texts = values.iter().map(wording::scalar_text).enumerate();
    texts.filter(|(_, text)| !seen.insert(text.clone())).collect()
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

/// Adds "did you mean", and the list of what there is.
pub fn suggest<'a>(problem: &mut Diagnostic, word: &str, known: impl Iterator<Item = &'a str> + Clone, intro: &str) {
    let near = meant(word, known.clone());
    if let Some(near) = near {
        problem.help(format!("did you mean `{near}`?"));
    }
    // A list of the one name that is suggested already would say it twice.
    if known.clone().nth(usize::from(near.is_some())).is_some() {
        problem.help(format!("{intro} {}", listed(known)));
    }
}

/// The name that was most likely meant. One that differs in its number alone, `layer4` for `layer3`, is no slip.
pub fn meant<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let bare = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    let near = if word.is_empty() { None } else { nearest(word, known) };
    near.filter(|near| bare(near) != bare(word))
}

/// What the command line sets.
struct Setting {
    name: String,
    value: Json,
    /// `NAME=VALUE` as it was typed.
    source: Arc<Source>,
}

impl Setting {
    fn problem(&self, message: String) -> Diagnostic {
        Diagnostic::error(&self.source, 0..self.name.len(), message)
    }

    /// The values as those of a swept variable: one, or a list.
    fn swept(self, problems: &mut Problems) -> Vec<Json> {
        let values = match &self.value {
            Json::Array(values) => values.clone(),
            one => vec![one.clone()],
        };
        if values.is_empty() {
            problems.push(self.problem(format!("`--set` leaves `{}` no value to sweep", self.name)));
        }
        for value in &values {
            if let Some(problem) = wrong_value(&self.name, value) {
                problems.push(self.problem(problem));
            }
        }
        for (_, twice) in repeated(&values) {
            problems.push(self.problem(format!("{} stands twice in the sweep of `{}`", quoted(&twice), self.name)));
        }
        values
    }
}

fn take(settings: &mut Vec<Setting>, name: &str) -> Option<Setting> {
    let found = settings.iter().position(|setting| setting.name == name)?;
    Some(settings.remove(found))
}

/// Reads `--set` values as YAML: a scalar or a flow list.
fn settings(set: &[(String, String)], problems: &mut Problems) -> Vec<Setting> {
    let mut settings: Vec<Setting> = Vec::new();
    for (name, text) in set {
        let source = Arc::new(Source::new("--set", format!("{name}={text}")));
        let value_at = name.len() + 1..name.len() + 1 + text.len();
        match setting_value(text) {
            Ok(value) => {
                let setting = Setting { name: name.clone(), value, source };
                if settings.iter().any(|other| other.name == *name) {
                    problems.push(setting.problem(format!("`--set` gives {} twice", quoted(name))));
                } else {
                    settings.push(setting);
                }
            }
            Err(message) => {
                problems.push(Diagnostic::error(&source, value_at, message));
            }
        }
    }
    settings
}

fn setting_value(text: &str) -> Result<Json, String> {
    let hint = "`--set NAME=VALUE` takes a scalar, or a list such as `[layer1, layer2]`; quote other texts";
    if text.trim().is_empty() {
        return Ok(Json::Null);
    }
    let source = Arc::new(Source::new("--set", text));
    let mut ignored = Problems::new(&source);
    let tree = read::read(&source, &mut ignored).map_err(|e| format!("{}; {hint}", e.message))?;
    let scalar = |tree: &Tree| match &tree.value {
        Value::Scalar(value) => Some(value.clone()),
        _ => None,
    };
    let value = match &tree.value {
        Value::List(items) => items.iter().map(scalar).collect::<Option<Vec<_>>>().map(Json::Array),
        _ => scalar(&tree),
    };
    value.ok_or_else(|| hint.to_owned())
}
