//! A node's input ports: which references they hold, and whether ports, types and keys can be right.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::diagnostic::{Problems, quoted};
use crate::kind::{Input, Kind, Output};
use crate::recipe::lower::heads::{self, Heads};
use crate::recipe::lower::reference;
use crate::recipe::lower::reference::{Reference, Variant};
use crate::recipe::lower::suggest::{meant, suggest};
use crate::recipe::lower::sweep::Row;
use crate::recipe::lower::variables::Variables;
use crate::recipe::syntax::tree::{Entry, Tree, Value};
use crate::recipe::wording;

/// An input port with what is connected to it.
pub struct Slot<'t> {
    pub input: &'static Input,
    pub wires: Vec<Wire<'t>>,
}

impl Slot<'_> {
    /// The swept variables in the references themselves.
    pub fn uses(&self) -> impl Iterator<Item = &usize> {
        self.wires.iter().flat_map(|wire| &wire.uses)
    }
}

/// One reference as it is written: through variables it may mean another output in each variant.
pub struct Wire<'t> {
    pub tree: &'t Tree,
    /// What tells it from the others at the port.
    pub label: Label,
    pub uses: Vec<usize>,
    /// What is meant for each combination of `uses`; absent where that is wrong, which is reported.
    pub targets: HashMap<Row, Option<Target>>,
}

/// How a reference at a port that takes many is labelled.
#[derive(Clone, Debug, PartialEq)]
pub enum Label {
    /// The port takes one.
    None,
    /// It stands alone: the variables it aggregates over, else its text.
    Alone,
    /// It stands in a list: its text, beside the variables.
    Listed,
    /// It stands in a map.
    Given(String),
}

/// An output that is meant.
pub struct Target {
    /// The node's position among the heads.
    pub node: usize,
    pub output: &'static Output,
    pub key: Option<String>,
    pub key_place: Range<usize>,
    pub pick: Pick,
    /// The reference without its variant.
    pub base: String,
}

/// Which variants are meant, with variables by position.
#[derive(Clone, Debug, PartialEq)]
pub enum Pick {
    Same,
    All,
    /// A value's index per variable, or all along it.
    Chosen(Vec<(usize, Option<usize>)>),
}

impl Pick {
    /// Whether several variants may be meant.
    pub fn aggregates(&self) -> bool {
        match self {
            Self::Same => false,
            Self::All => true,
            Self::Chosen(choices) => choices.iter().any(|(_, value)| value.is_none()),
        }
    }

    /// Whether the reader's own value of a variable does not matter.
    pub fn settles(&self, variable: usize) -> bool {
        match self {
            Self::Same => false,
            Self::All => true,
            Self::Chosen(choices) => choices.iter().any(|(chosen, _)| *chosen == variable),
        }
    }
}

/// Reads the section `in` of a node.
pub fn read<'t>(
    kind: &'static Kind,
    section: Option<&'t Entry>,
    otherwise: &Range<usize>,
    heads: &Heads<'t>,
    variables: &Variables,
    problems: &mut Problems,
) -> Vec<Slot<'t>> {
    let entries = match section.map(|section| (&section.value.value, section)) {
        None | Some((Value::Scalar(Json::Null), _)) => &[],
        Some((Value::Map(entries), _)) => entries.as_slice(),
        Some((_, section)) => {
            let what = section.value.describe();
            problems
                .error(section.place.clone(), format!("`in` is {what}; it is a map of ports and references"))
                .help(format!("as in `in: {{ {} }}`; `ventral kinds {}` lists the ports", needed(kind), kind.name));
            return Vec::new();
        }
    };
    for entry in entries.iter().filter(|entry| kind.input(&entry.key).is_none()) {
        unknown(kind, entry, problems);
        variables.check(&entry.value, problems);
    }
    let mut slots = Vec::new();
    for input in kind.inputs {
        match entries.iter().find(|entry| entry.key == input.name) {
            Some(entry) => {
                let reader = Reader { kind, input, heads, variables };
                slots.push(Slot { input, wires: reader.wires(entry, problems) });
            }
            None if input.arity.may_be_absent() => {}
            // A misspelt port is told once.
            None if entries.iter().any(|entry| stands_for(kind, &entry.key, input)) => {}
            None => {
                let place = section.map_or(otherwise, |section| &section.place).clone();
                missing(kind, input, place, heads, problems);
            }
        }
    }
    slots
}

/// The ports that a kind cannot do without, as one writes them.
fn needed(kind: &Kind) -> String {
    let needed = kind.inputs.iter().filter(|input| !input.arity.may_be_absent());
    let ports: Vec<String> = needed.map(|input| format!("{}: …", input.name)).collect();
    if ports.is_empty() { "PORT: NODE".to_owned() } else { ports.join(", ") }
}

/// Whether a key that names no port was most likely meant for this one.
fn stands_for(kind: &Kind, key: &str, input: &Input) -> bool {
    kind.input(key).is_none() && meant(key, kind.inputs.iter().map(|input| input.name)) == Some(input.name)
}

fn unknown(kind: &Kind, entry: &Entry, problems: &mut Problems) {
    let name = &entry.key;
    let problem = problems.error(entry.place.clone(), format!("{} has no input port {}", kind.name, quoted(name)));
    if kind.param_schemas().any(|(param, _)| param == name) {
        problem.help(format!("`{name}` is a parameter: it belongs under `with:`"));
        return;
    }
    let ports: Vec<&str> = kind.inputs.iter().map(|input| input.name).collect();
    if ports.is_empty() {
        problem.help(format!("{} takes no inputs", kind.name));
    }
    suggest(problem, name, ports.into_iter(), &format!("the input ports of {} are", kind.name));
}

fn missing(kind: &Kind, input: &Input, place: Range<usize>, heads: &Heads<'_>, problems: &mut Problems) {
    let problem =
        problems.error(place, format!("{} needs `{}`, and nothing is connected to it", kind.name, input.name));
    problem.help(format!("it takes {} ({})", types(input), input.about.trim_end_matches('.')));
    if let Some(reference) = candidate(kind, input, heads) {
        problem.help(format!("add `{}: {reference}` under `in:`, for example", input.name));
    }
}

/// An output of another node that a port could read.
fn candidate(kind: &Kind, input: &Input, heads: &Heads<'_>) -> Option<String> {
    // Of a node's own kind it would be the node itself, as often as not.
    let others = heads.all.iter().filter_map(|head| Some((head.name, head.kind?)));
    others.filter(|(_, other)| other.name != kind.name).find_map(|(name, other)| {
        let output = other.outputs.iter().find(|output| input.types.contains(&output.ty))?;
        Some(written(name, other, output))
    })
}

/// A reference to an output, as one writes it.
fn written(name: &str, kind: &Kind, output: &Output) -> String {
    let main = kind.main_output().name == output.name;
    let key = output.keyed.map_or(String::new(), |keyed| format!("[{}]", keyed.to_uppercase()));
    if main { format!("{name}{key}") } else { format!("{name}.{}{key}", output.name) }
}

fn types(input: &Input) -> String {
    let names: Vec<String> = input.types.iter().map(ToString::to_string).collect();
    names.join(" or ")
}

/// Reads the references at one port.
struct Reader<'a, 't> {
    kind: &'static Kind,
    input: &'static Input,
    heads: &'a Heads<'t>,
    variables: &'a Variables,
}

impl<'t> Reader<'_, 't> {
    fn wires(&self, entry: &'t Entry, problems: &mut Problems) -> Vec<Wire<'t>> {
        let many = self.input.arity.takes_many();
        let wires: Vec<Wire<'t>> = match &entry.value.value {
            Value::List(_) | Value::Map(_) if !many => {
                let message = format!("`{}` takes one reference, not {}", self.input.name, entry.value.describe());
                problems.error(entry.place.clone(), message).help(format!(
                    "{} reads a single {} there; a port that takes many takes lists and maps",
                    self.kind.name,
                    types(self.input)
                ));
                self.variables.check(&entry.value, problems);
                return Vec::new();
            }
            Value::List(items) => {
                items.iter().filter_map(|item| self.wire(item, &item.place, Label::Listed, problems)).collect()
            }
            Value::Map(entries) => {
                let labelled = entries.iter().map(|e| (e, Label::Given(e.key.clone())));
                labelled.filter_map(|(e, label)| self.wire(&e.value, &e.place, label, problems)).collect()
            }
            Value::Scalar(_) => {
                let label = if many { Label::Alone } else { Label::None };
                self.wire(&entry.value, &entry.place, label, problems).into_iter().collect()
            }
        };
        let is_empty = matches!(&entry.value.value, Value::List(items) if items.is_empty())
            || matches!(&entry.value.value, Value::Map(entries) if entries.is_empty());
        if is_empty {
            problems
                .error(entry.place.clone(), format!("`{}` is empty; it takes a reference at least", self.input.name));
        }
        self.refuse_twins(&wires, problems);
        wires
    }

    /// Two equal references in a list would be told apart by nothing.
    fn refuse_twins(&self, wires: &[Wire<'t>], problems: &mut Problems) {
        let mut seen: HashMap<&str, &Tree> = HashMap::new();
        for wire in wires.iter().filter(|wire| wire.label == Label::Listed) {
            let Some(text) = wire.tree.text() else { continue };
            if let Some(first) = seen.insert(text, wire.tree) {
                problems
                    .error(wire.tree.place.clone(), format!("{} stands twice in this list", quoted(text)))
                    .also(first.place.clone(), "it stands here already");
            }
        }
    }

    fn wire(&self, tree: &'t Tree, named: &Range<usize>, label: Label, problems: &mut Problems) -> Option<Wire<'t>> {
        if tree.text().is_none() {
            let place = if tree.is_null() { named } else { &tree.place };
            problems
                .error(place.clone(), format!("a reference is expected here, but this is {}", tree.describe()))
                .help("a reference reads `node`, `node.port`, `node[key]` or `node.port[key]`");
            return None;
        }
        let uses = self.variables.check(tree, problems);
        let rows = self.variables.sweep.project(&uses.swept).unwrap_or_default();
        let rows = if uses.sound { rows } else { Vec::new() };
        let targets = rows.into_iter().map(|row| {
            let target = match self.variables.expand(tree, &row) {
                Some(Json::String(text)) => self.target(tree, &text, problems),
                Some(other) => {
                    let message = format!("a reference is expected here, but this is {}", wording::given(&other));
                    problems.error(tree.place.clone(), message);
                    None
                }
                None => None,
            };
            (row, target)
        });
        let targets = targets.collect();
        Some(Wire { tree, label, uses: uses.swept, targets })
    }

    fn target(&self, tree: &Tree, text: &str, problems: &mut Problems) -> Option<Target> {
        let source = Arc::clone(&problems.source);
        // Bytes of the expanded text are bytes of the source only where no variable stands between.
        let written = tree.text() == Some(text);
        let part = |at: &Range<usize>| if written { tree.part(&source, at) } else { tree.place.clone() };
        let reference = match reference::parse(text, &self.variables.sweep) {
            Ok(reference) => reference,
            Err((at, message)) => {
                let problem = problems.error(part(&at), message);
                if let Some(bracketed) = self.bracketed(tree) {
                    problem.help(bracketed);
                } else if !written {
                    problem.help(format!("with its variables in place it reads {}", quoted(text)));
                }
                return None;
            }
        };
        let Some(&node) = self.heads.by_name.get(reference.node.as_str()) else {
            let message = format!("there is no node {}", quoted(&reference.node));
            let problem = problems.error(part(&(0..reference.node.len())), message);
            let outputs =
                self.heads.all.iter().filter_map(|head| Some((head.name, head.kind?.output(&reference.node)?)));
            for (owner, output) in outputs.take(2) {
                problem.help(format!("did you mean `{owner}.{}`, which is an output?", output.name));
            }
            suggest(problem, &reference.node, self.heads.names(), "the nodes are");
            return None;
        };
        let pick = pick(&reference, self.variables, &part, problems);
        let kind = self.heads.all[node].kind?;
        let output = self.output(node, kind, &reference, &part, problems)?;
        self.check_passed(node, output, tree.place.clone(), problems);
        let key_place = reference.key.as_ref().map_or(tree.place.clone(), |(_, at)| part(at));
        let key = reference.key.map(|(key, _)| key);
        let has_key = self.check_key(&reference.node, kind, output, key.as_deref(), &key_place, problems);
        if has_key && !self.input.types.contains(&output.ty) {
            self.wrong_type(&reference.node, kind, output, tree.place.clone(), problems);
        }
        let pick = pick?;
        if !self.input.arity.takes_many() && pick.aggregates() {
            let at = part(&(reference.base..text.len()));
            problems
                .error(at, format!("`{}` takes one reference, but `@*` means every variant", self.input.name))
                .help("name one variant, as in `@layer=layer3`, or leave it out to read the reader's own");
            return None;
        }
        let base = text[..reference.base].to_owned();
        Some(Target { node, output, key, key_place, pick, base })
    }

    /// `layers.${layer}` where `layers[${layer}]` is meant.
    fn bracketed(&self, tree: &Tree) -> Option<String> {
        let (node, rest) = tree.text()?.split_once('.')?;
        let output = self.heads.all[*self.heads.by_name.get(node)?].kind?.outputs.iter().find_map(|out| out.keyed)?;
        rest.starts_with("${").then(|| format!("one {output} is written `{node}[{rest}]`"))
    }

    fn output(
        &self,
        node: usize,
        kind: &'static Kind,
        reference: &Reference,
        part: &impl Fn(&Range<usize>) -> Range<usize>,
        problems: &mut Problems,
    ) -> Option<&'static Output> {
        let Some((port, at)) = &reference.port else {
            return Some(kind.first_output(|input| self.connects(node, input)));
        };
        let output = kind.output(port);
        if output.is_none() {
            let message = format!("`{}` ({}) has no output {}", reference.node, kind.name, quoted(port));
            let problem = problems.error(part(at), message);
            if let Some(keyed) = kind.outputs.iter().find(|output| output.keyed.is_some()) {
                problem.help(format!("one {} is written `{}[{port}]`", keyed.keyed.unwrap_or("key"), reference.node));
            }
            suggest(problem, port, kind.outputs.iter().map(|output| output.name), "its outputs are");
        }
        output
    }

    /// An output that hangs on an input is there only with that.
    fn check_passed(&self, node: usize, output: &Output, place: Range<usize>, problems: &mut Problems) {
        let head = &self.heads.all[node];
        let passed = head.kind.and_then(|kind| kind.passes.iter().find(|(of, _)| *of == output.name));
        let Some((kind, (_, input))) = head.kind.zip(passed) else { return };
        if !self.connects(node, input) {
            let name = head.name;
            let message = format!("`{name}` ({}) has no output `{}` here", kind.name, output.name);
            problems
                .error(place, message)
                .help(format!("it comes with the input `{input}`: add `{input}: …` under `in:` of `{name}`"));
        }
    }

    /// Whether a node connects something to an input.
    fn connects(&self, node: usize, input: &str) -> bool {
        let connected = |entry: &Entry| match &entry.value.value {
            Value::Map(ports) => ports.iter().any(|port| port.key == input),
            _ => false,
        };
        self.heads.all[node].body.iter().filter(|entry| entry.key == "in").any(connected)
    }

    /// A key of an output that has none can only be a fold.
    fn check_key(
        &self,
        node: &str,
        kind: &Kind,
        output: &Output,
        key: Option<&str>,
        place: &Range<usize>,
        problems: &mut Problems,
    ) -> bool {
        let Some(key) = key.filter(|_| output.keyed.is_none()) else { return true };
        let is_fold = key.bytes().all(|b| b.is_ascii_digit());
        if !is_fold {
            let message = format!("the output `{}` of `{node}` ({}) has no keys", output.name, kind.name);
            let problem = problems.error(place.clone(), message);
            match kind.output(key) {
                Some(_) => problem.help(format!("an output is written `{node}.{key}`")),
                None => problem.help(format!("write `{node}`; under folds a number, as in `{node}[0]`, names a fold")),
            };
        }
        is_fold
    }

    fn wrong_type(&self, node: &str, kind: &Kind, output: &Output, place: Range<usize>, problems: &mut Problems) {
        let message = format!(
            "`{}` takes {}, but the output `{}` of `{node}` ({}) is {}",
            self.input.name,
            types(self.input),
            output.name,
            kind.name,
            output.ty
        );
        let problem = problems.error(place, message);
        let fitting = kind.outputs.iter().filter(|output| self.input.types.contains(&output.ty));
        let fitting: Vec<String> = fitting.map(|output| written(node, kind, output)).collect();
        if !fitting.is_empty() {
            problem.help(format!(
                "did you mean {}?",
                fitting.iter().map(|f| format!("`{f}`")).collect::<Vec<_>>().join(" or ")
            ));
        } else if let Some(loader) = self.other_loader(kind) {
            problem.help(format!("`{loader}` reads such a {} from a file", types(self.input)));
        } else if let Some(other) = candidate(self.kind, self.input, self.heads) {
            problem.help(format!("of the nodes here, `{other}` is such a value"));
        }
    }

    /// The kind that reads what is wanted from a file, where a file is read as one other thing.
    fn other_loader(&self, kind: &Kind) -> Option<String> {
        if kind.outputs.len() > 1 || !heads::loads(kind) {
            return None;
        }
        let mut fitting = self.heads.loaders.iter().filter(|other| self.input.types.contains(&other.main_output().ty));
        let first = fitting.next()?;
        fitting.next().is_none().then(|| first.name.to_owned())
    }
}

/// The variant with variables and values by position.
pub fn pick(
    reference: &Reference,
    variables: &Variables,
    part: &impl Fn(&Range<usize>) -> Range<usize>,
    problems: &mut Problems,
) -> Option<Pick> {
    let choices = match &reference.variant {
        Variant::Same => return Some(Pick::Same),
        Variant::All => return Some(Pick::All),
        Variant::Chosen(choices) => choices,
    };
    let sweep = &variables.sweep;
    let mut picked: Vec<(usize, Option<usize>)> = Vec::new();
    let mut sound = true;
    for choice in choices {
        let name = &choice.variable;
        let place = part(&choice.at);
        let Some(variable) = sweep.find(name) else {
            sound = false;
            let problem = problems.error(place, format!("{} is not swept, so nothing varies with it", quoted(name)));
            suggest(problem, name, sweep.variables.iter().map(|v| v.name.as_str()), "the swept variables are");
            continue;
        };
        if picked.iter().any(|(other, _)| *other == variable) {
            sound = false;
            problems.error(place, format!("this variant gives `{name}` twice"));
            continue;
        }
        let swept = &sweep.variables[variable];
        let value = choice.value.as_ref().map(|value| (value, swept.level(value)));
        match value {
            None => picked.push((variable, None)),
            Some((_, Some(index))) => picked.push((variable, Some(index))),
            Some((value, None)) => {
                sound = false;
                let problem = problems.error(place, format!("`{name}` is never {}", quoted(value)));
                suggest(problem, value, swept.texts.iter().map(String::as_str), "it is swept over");
            }
        }
    }
    sound.then_some(Pick::Chosen(picked))
}
