//! Text → tree with places: the YAML of a recipe, with bounds on what a hostile one may cost.
//!
//! The text is parsed twice, by two parsers, on purpose. `saphyr-parser` gives events with places, which every diagnostic
//! needs and serde has no room for, and it lets this file stop at its bounds before memory is taken. `serde_yaml` then gives
//! every scalar its value, straight into the same tree: what is a number, a truth value or text is what it says, here as
//! wherever else YAML is read with it. Where the two see different structures the recipe is refused, not guessed at.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScanError, Tag};
use serde_json::Value as Json;

use crate::diagnostic::{Diagnostic, Problems, Source, quoted};
use crate::recipe::syntax::tree::{Entry, Tree, Value};
use crate::recipe::syntax::values;

/// The largest recipe, in bytes; one of 1,000 nodes has a twentieth of it.
pub const MAX_BYTES: usize = 4 << 20;
/// The most values a recipe may have, aliases expanded.
const MAX_VALUES: usize = 200_000;
/// The most text that anchors and aliases may repeat, in bytes.
const MAX_REPEATED: usize = MAX_BYTES;
/// The deepest nesting of lists and maps.
const MAX_DEPTH: usize = 48;

/// Reads a text, or says why it is not readable at all. Duplicate keys are problems, and reading goes on.
pub fn read(source: &Arc<Source>, problems: &mut Problems) -> Result<Tree, Diagnostic> {
    if source.text.len() > MAX_BYTES {
        return Err(too_large(&source.name, source.text.len() as u64));
    }
    refuse_invisible(source)?;
    let mut tree = structure(source)?;
    values::fill(source, &mut tree, problems)?;
    drop_duplicates(&mut tree, problems);
    Ok(tree)
}

/// The refusal of a file that no recipe can be.
pub fn too_large(name: &str, bytes: u64) -> Diagnostic {
    let most = MAX_BYTES >> 20;
    let mut refusal =
        Diagnostic::whole(name, format!("{name} has {:.1} MB; a recipe has at most {most}", bytes as f64 / 1e6));
    refusal.help("a recipe names data files by their paths; is this one of them?");
    refusal
}

/// Characters that nobody sees, and that YAML's editions read differently.
fn refuse_invisible(source: &Arc<Source>) -> Result<(), Diagnostic> {
    let unseen = |c: char| {
        (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    match source.text.char_indices().find(|(_, c)| unseen(*c)) {
        None => Ok(()),
        Some((at, c)) => {
            let message = format!("an invisible character, U+{:04X}, stands here", u32::from(c));
            let mut refusal = Diagnostic::error(source, at..at + c.len_utf8(), message);
            refusal.help("delete it; it often comes along when text is copied from a web page or a word processor");
            Err(refusal)
        }
    }
}

/// The byte of each character, since the parser counts characters; nothing where both are the same.
struct Offsets(Option<Vec<usize>>);

impl Offsets {
    fn new(text: &str) -> Self {
        Self((!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).chain([text.len()]).collect()))
    }

    fn byte(&self, marker: Marker) -> usize {
        match &self.0 {
            None => marker.index(),
            Some(bytes) => bytes[marker.index().min(bytes.len() - 1)],
        }
    }
}

/// A list or map that is not closed yet.
struct Open {
    start: usize,
    anchor: usize,
    value: Value,
    /// The key whose value comes next.
    key: Option<(String, Range<usize>)>,
    /// How many levels lie below.
    height: usize,
}

impl Open {
    fn new(start: usize, anchor: usize, value: Value) -> Self {
        Self { start, anchor, value, key: None, height: 0 }
    }

    /// Takes what stands next, unless it is a list or map in a key's place.
    fn take(&mut self, tree: Tree) -> Result<(), Range<usize>> {
        match (&mut self.value, self.key.take()) {
            (Value::List(items), _) => items.push(tree),
            (Value::Map(entries), Some((key, place))) => entries.push(Entry { key, place, value: tree }),
            (Value::Map(_) | Value::Scalar(_), _) => match tree.value {
                Value::Scalar(Json::String(text)) => self.key = Some((text, tree.place)),
                _ => return Err(tree.place),
            },
        }
        Ok(())
    }
}

/// What an anchor names: with its values, bytes and levels, which an alias repeats.
struct Named {
    tree: Tree,
    values: usize,
    bytes: usize,
    height: usize,
}

/// The structure with every scalar as text; each step is bounded before memory is taken for it.
fn structure(source: &Arc<Source>) -> Result<Tree, Diagnostic> {
    let refuse = |place: Range<usize>, message: String| Err(Diagnostic::error(source, place, message));
    let offsets = Offsets::new(&source.text);
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: HashMap<usize, Named> = HashMap::new();
    let mut root = None;
    let (mut documents, mut values, mut repeated) = (0, 0, 0);
    let mut parser = Parser::new_from_str(&source.text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|e| unreadable(source, &offsets, &e))?;
        let start = offsets.byte(span.start);
        let end = offsets.byte(span.end).max(start);
        // The parser counts the white space behind a token to it.
        let place = start..start + source.text[start..end].trim_end().len();
        let (tree, anchor, height) = match event {
            Event::DocumentStart(_) if documents > 0 => {
                return refuse(place, "a second YAML document begins here; a recipe is one".to_owned());
            }
            Event::DocumentStart(_) => {
                documents += 1;
                continue;
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => continue,
            Event::Scalar(_, _, _, Some(tag))
            | Event::SequenceStart(_, Some(tag))
            | Event::MappingStart(_, Some(tag)) => {
                return Err(tagged(source, place, &tag));
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= MAX_DEPTH => {
                return refuse(place, format!("lists and maps are nested more than {MAX_DEPTH} deep here"));
            }
            Event::SequenceStart(anchor, None) => {
                open.push(Open::new(start, anchor, Value::List(Vec::new())));
                continue;
            }
            Event::MappingStart(anchor, None) => {
                open.push(Open::new(start, anchor, Value::Map(Vec::new())));
                continue;
            }
            Event::Scalar(text, _, anchor, None) => {
                (Tree { place, value: Value::Scalar(Json::String(text.into_owned())) }, anchor, 0)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let done = open.pop().expect("the parser closes only what it opened");
                let place = done.start..place.end.max(done.start);
                (Tree { place, value: done.value }, done.anchor, done.height + 1)
            }
            Event::Alias(anchor) => {
                let Some(named) = anchors.get(&anchor) else {
                    return refuse(place, "this alias stands inside the value that it names".to_owned());
                };
                values += named.values;
                repeated += named.bytes;
                if values > MAX_VALUES || repeated > MAX_REPEATED || open.len() + named.height > MAX_DEPTH {
                    return refuse(place, "the aliases up to here repeat more than a recipe may hold".to_owned());
                }
                (named.tree.clone(), 0, named.height)
            }
        };
        values += 1;
        if anchor > 0 {
            // A copy is kept for each anchor, and anchors nest: that is repetition too.
            let (count, bytes) = weigh(&tree);
            values += count;
            repeated += bytes;
            anchors.insert(anchor, Named { tree: tree.clone(), values: count, bytes, height });
        }
        if values > MAX_VALUES || repeated > MAX_REPEATED {
            return refuse(
                tree.place,
                format!("from here on a recipe has more than {MAX_VALUES} values, aliases counted"),
            );
        }
        match open.last_mut() {
            None => root = Some(tree),
            Some(parent) => {
                parent.height = parent.height.max(height);
                parent.take(tree).map_err(|place| key_is_no_text(source, place))?;
            }
        }
    }
    root.ok_or_else(|| empty(source))
}

fn tagged(source: &Arc<Source>, place: Range<usize>, tag: &Tag) -> Diagnostic {
    let tag = if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { tag.to_string() };
    let message = format!("the YAML tag {} stands before this, and a recipe has none", quoted(&tag));
    let mut refusal = Diagnostic::error(source, place, message);
    refusal.help("put the value between quotation marks to make it text");
    refusal
}

/// The refusal of a recipe in which nothing stands.
pub fn empty(source: &Arc<Source>) -> Diagnostic {
    let mut refusal = Diagnostic::error(source, 0..0, "the recipe is empty");
    refusal.help("it begins with `version: 1`, then `nodes:`; `ventral init DIR` writes one to start from");
    refusal
}

fn key_is_no_text(source: &Arc<Source>, place: Range<usize>) -> Diagnostic {
    let mut refusal = Diagnostic::error(source, place, "a key is text, but here a list or a map is one");
    refusal.help("put a text that begins with a brace or a bracket between quotation marks");
    refusal
}

/// Values and bytes of text.
fn weigh(tree: &Tree) -> (usize, usize) {
    let add = |sum: (usize, usize), more: (usize, usize)| (sum.0 + more.0, sum.1 + more.1);
    match &tree.value {
        Value::Scalar(Json::String(text)) => (1, text.len()),
        Value::Scalar(_) => (1, 0),
        Value::List(items) => items.iter().map(weigh).fold((1, 0), add),
        Value::Map(entries) => entries.iter().map(|e| add((1, e.key.len()), weigh(&e.value))).fold((1, 0), add),
    }
}

/// The slips that the parser's words stand for: part of its message, what is wrong, what to do.
const SLIPS: [(&str, &str, &str); 17] = [
    ("tab", "a tab stands in the indentation", "YAML is indented with spaces; two a level are usual"),
    (
        "mapping values are not allowed",
        "this `:` begins a value where none can stand",
        "indent the keys of one map alike, write a space behind each key's `:`, and quote texts that hold `: `",
    ),
    ("unexpected end of stream", "the quotation that begins here has no end", "close it with the same quotation mark"),
    (
        "invalid indentation in quoted",
        "the quotation that begins here does not end on its line",
        "close it with the same quotation mark; one over several lines is indented deeper than its key",
    ),
    ("flow", "a `,` or a closing bracket is missing before this", "close every { with } and every [ with ]"),
    (
        "illegal placement of ':'",
        "a `,` or a closing bracket is missing before this",
        "close every { with } and every [ with ]",
    ),
    ("unexpected character", "a text that begins with this character needs quotation marks", "write \"...\" around it"),
    (
        "unknown anchor",
        "no `&` anchor of this name stands above",
        "put a text that begins with `*` between quotation marks",
    ),
    (
        "trailing content",
        "the quotation ends before this, yet text follows",
        "put the whole text between the quotation marks",
    ),
    ("did not find expected key", "this line belongs to no map above it", "indent the keys of one map alike"),
    (
        "did not find expected '-'",
        "a list stands above, and this is no item of it",
        "begin each item with `- `, and indent a list deeper than what follows it",
    ),
    ("simple key expect", "a key without `:` stands here", "a key ends in a colon and a space, as in `kind: pca`"),
    ("valid YAML whitespace", "a space is missing after this", "write `key: value`, and `- item` in lists"),
    ("escape", "this escape is unknown between \" \"", "write a backslash as \\\\, or quote with ' '"),
    ("hexadecimal", "this escape is unknown between \" \"", "write a backslash as \\\\, or quote with ' '"),
    ("recursion limit", "lists and maps are nested too deep here", "a recipe needs four or five levels"),
    (
        "invalid indentation",
        "this line is indented less than the text it continues",
        "indent it, or close the text above",
    ),
];

/// What the parser stumbled over, in words, with the slip that it most often is.
fn unreadable(source: &Arc<Source>, offsets: &Offsets, error: &ScanError) -> Diagnostic {
    let at = offsets.byte(*error.marker()).min(source.text.len());
    let width = source.text[at..].chars().next().filter(|c| !c.is_control()).map_or(0, char::len_utf8);
    let opens = source.text[at..].starts_with(['[', '{']);
    let slip = SLIPS.iter().find(|(words, ..)| error.info().contains(words));
    let (message, help) = match slip {
        Some(("flow", message, _)) if opens => (
            (*message).to_owned(),
            "inside { } and [ ] quote every text that holds brackets or braces, as in \"layers[${layer}]\"",
        ),
        Some((_, message, help)) => ((*message).to_owned(), *help),
        None => (
            format!("this is not YAML: {}", error.info()),
            "indentation, quotation marks and brackets above are the usual causes",
        ),
    };
    let mut refusal = Diagnostic::error(source, at..at + width, message);
    refusal.help(help);
    refusal
}

/// Reports keys that stand twice in a map and keeps the first.
fn drop_duplicates(tree: &mut Tree, problems: &mut Problems) {
    match &mut tree.value {
        Value::Scalar(_) => {}
        Value::List(items) => items.iter_mut().for_each(|item| drop_duplicates(item, problems)),
        Value::Map(entries) => {
            if has_duplicates(entries) {
                let mut first: HashMap<String, Range<usize>> = HashMap::new();
                entries.retain(|entry| match first.get(&entry.key) {
                    Some(place) => {
                        let message = format!("the key {} stands twice in one map", quoted(&entry.key));
                        problems.error(entry.place.clone(), message).also(place.clone(), "it stands here already");
                        false
                    }
                    None => first.insert(entry.key.clone(), entry.place.clone()).is_none(),
                });
            }
            entries.iter_mut().for_each(|entry| drop_duplicates(&mut entry.value, problems));
        }
    }
}

fn has_duplicates(entries: &[Entry]) -> bool {
    if entries.len() <= 8 {
        return entries.iter().enumerate().any(|(at, entry)| entries[..at].iter().any(|other| other.key == entry.key));
    }
    let mut seen = HashSet::with_capacity(entries.len());
    entries.iter().any(|entry| !seen.insert(entry.key.as_str()))
}
