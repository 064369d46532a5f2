//! What is wrong with a recipe: in words, at a place, with a hint.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use annotate_snippets::{normalize_untrusted_str, renderer::DecorStyle};
use serde_json::{Value as Json, json};

/// More than this many are counted, not printed: nobody reads them, and a hostile recipe has a million.
const SHOWN: usize = 100;
/// Longer lines are named by their place, not printed.
const LONGEST_LINE: usize = 400;

/// A text that diagnostics point into.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// What the place is printed as: the recipe's path as it was typed.
    pub name: String,
    pub text: String,
    /// The byte at which each line begins.
    lines: Vec<usize>,
}

impl Source {
    /// A text under a name.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { name: name.into(), text, lines }
    }

    /// Line and column, both from 1, of a byte; columns count characters.
    pub fn locate(&self, at: usize) -> (usize, usize) {
        let line = self.line_of(at);
        let start = self.lines[line];
        (line + 1, self.text[start..at.max(start)].chars().count() + 1)
    }

    fn line_of(&self, at: usize) -> usize {
        self.lines.partition_point(|&start| start <= at) - 1
    }

    /// The bytes of lines `first..=last`, without the last line's end.
    fn span_of(&self, first: usize, last: usize) -> Range<usize> {
        let end = self.lines.get(last + 1).map_or(self.text.len(), |next| next - 1);
        let start = self.lines[first];
        start..start + self.text[start..end].trim_end_matches('\r').len()
    }

    /// The part of a range on its first line, which is what carets can underline.
    fn first_line(&self, range: &Range<usize>) -> Range<usize> {
        let start = range.start.min(self.text.len());
        let line = self.line_of(start);
        let end = range.end.clamp(start, self.span_of(line, line).end.max(start));
        start..start + self.text[start..end].trim_end().len()
    }
}

/// How grave it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing runs.
    Error,
    /// A node is certain to fail: others may run.
    Foreseen,
    /// It runs, but hardly as meant.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    pub severity: Severity,
    pub message: String,
    pub source: Arc<Source>,
    /// Bytes of the source; absent where no place can be named, as for a file that does not open.
    pub place: Option<Range<usize>>,
    /// Other places that belong to it, with what they are.
    pub also: Vec<(Range<usize>, String)>,
    /// What to do about it.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(source: &Arc<Source>, place: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            source: Arc::clone(source),
            place: Some(place),
            also: Vec::new(),
            help: Vec::new(),
        }
    }

    /// An error that concerns a file as a whole.
    pub fn whole(name: impl Into<String>, message: impl Into<String>) -> Self {
        let source = Arc::new(Source::new(name, ""));
        Self { place: None, ..Self::error(&source, 0..0, message) }
    }

    /// Adds what to do about it.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help.push(help.into());
        self
    }

    /// Adds another place that belongs to it.
    pub fn also(&mut self, place: Range<usize>, label: impl Into<String>) -> &mut Self {
        self.also.push((place, label.into()));
        self
    }

    /// Line and column, both from 1.
    pub fn position(&self) -> Option<(usize, usize)> {
        self.place.as_ref().map(|place| self.source.locate(place.start.min(self.source.text.len())))
    }

    /// Whether its place shares bytes with another in a text.
    fn overlaps(&self, source: &Arc<Source>, place: &Range<usize>) -> bool {
        let own = self.place.as_ref().is_some_and(|own| own.start < place.end && place.start < own.end);
        own && Arc::ptr_eq(&self.source, source)
    }

    fn render(&self, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Foreseen | Severity::Warning => Level::WARNING,
        };
        let message = normalize_untrusted_str(&self.message);
        let help: Vec<String> = self.help.iter().map(|help| normalize_untrusted_str(help)).collect();
        let elements = self.snippets().into_iter().chain(help.iter().map(|h| Level::HELP.message(h.as_str()).into()));
        let group: Group<'_> = level.primary_title(message.as_str()).elements(elements);
        let text = renderer.render(&[group]);
        // The renderer pads empty gutters; trailing blanks are noise in files and snapshots.
        text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    fn snippets(&self) -> Vec<Element<'_>> {
        let Some(place) = &self.place else { return Vec::new() };
        let place = self.source.first_line(place);
        let (line, column) = self.source.locate(place.start);
        let all = self.source.span_of(line - 1, line - 1);
        if all.len() > LONGEST_LINE {
            return vec![Origin::path(self.source.name.as_str()).line(line).char_column(column).into()];
        }
        let mut main = self.snippet(line - 1, AnnotationKind::Primary.span(local(&place, &all)));
        let mut others = Vec::new();
        for (also, label) in &self.also {
            let also = self.source.first_line(also);
            let at = self.source.line_of(also.start);
            let line_span = self.source.span_of(at, at);
            let note = AnnotationKind::Context.span(local(&also, &line_span)).label(label.as_str());
            if at + 1 == line {
                main = main.annotation(note);
            } else if line_span.len() <= LONGEST_LINE {
                others.push(self.snippet(at, note).into());
            }
        }
        std::iter::once(main.into()).chain(others).collect()
    }

    fn snippet<'a>(&'a self, line: usize, note: Annotation<'a>) -> Snippet<'a, Annotation<'a>> {
        let text = &self.source.text[self.source.span_of(line, line)];
        Snippet::source(text).line_start(line + 1).path(self.source.name.as_str()).annotation(note)
    }
}

/// A range as bytes of the line that holds it.
fn local(place: &Range<usize>, line: &Range<usize>) -> Range<usize> {
    let at = |byte: usize| byte.clamp(line.start, line.end) - line.start;
    at(place.start)..at(place.end)
}

/// Everything that is wrong, by place, each thing once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Sorted by place; equal ones, as the variants of a node make them, become one.
    pub fn new(mut all: Vec<Diagnostic>) -> Self {
        all.sort_by(|a, b| key(a).cmp(&key(b)));
        all.dedup_by(|a, b| key(a) == key(b));
        Self(all)
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same with what a run is certain to refuse as errors.
    #[must_use]
    pub fn refusing(&self) -> Self {
        let error = |one: &Diagnostic| match one.severity {
            Severity::Foreseen => Diagnostic { severity: Severity::Error, ..one.clone() },
            Severity::Error | Severity::Warning => one.clone(),
        };
        Self(self.0.iter().map(error).collect())
    }

    /// Whether anything is an error.
    pub fn refuse(&self) -> bool {
        self.0.iter().any(|one| one.severity == Severity::Error)
    }

    /// How many things are wrong.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Each of them, by place.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// As a person reads them: message, `file:line:column`, the line with carets, hints.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
        let mut text = String::new();
        for diagnostic in self.0.iter().take(SHOWN) {
            text += &diagnostic.render(&renderer);
            text += "\n\n";
        }
        if self.0.len() > SHOWN {
            text += &format!("... and {} more\n", self.0.len() - SHOWN);
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// As a program reads them: an array with an object each.
    pub fn to_json(&self) -> Json {
        let each = self.0.iter().map(|diagnostic| {
            let position = diagnostic.position();
            json!({
                "severity": match diagnostic.severity { Severity::Error => "error", Severity::Foreseen | Severity::Warning => "warning" },
                "message": diagnostic.message,
                "file": diagnostic.source.name,
                "line": position.map(|(line, _)| line),
                "column": position.map(|(_, column)| column),
                "help": diagnostic.help,
            })
        });
        Json::Array(each.collect())
    }
}

/// The order of print: what has no place and what the command line says, then the recipe from the top.
fn key(diagnostic: &Diagnostic) -> (bool, &str, usize, usize, &str) {
    let source = &diagnostic.source;
    let place = diagnostic.place.clone().unwrap_or(0..0);
    (source.lines.len() > 1, &source.name, place.start, place.end, &diagnostic.message)
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Self {
        Self(vec![one])
    }
}

/// Collects what is wrong with a text, and with short texts that are put into it, such as `--set` settings.
///
/// All of them stand in one row of bytes: the main text from 0, the others behind it, so that a place alone says which text
/// it lies in.
pub struct Problems {
    pub source: Arc<Source>,
    /// The other texts, with the byte at which each begins.
    others: Vec<(usize, Arc<Source>)>,
    all: Vec<Diagnostic>,
}

impl Problems {
    /// None yet.
    pub fn new(source: &Arc<Source>) -> Self {
        Self { source: Arc::clone(source), others: Vec::new(), all: Vec::new() }
    }

    /// Puts another text behind those that are known; gives the byte at which its places begin.
    pub fn join(&mut self, source: &Arc<Source>) -> usize {
        let (start, last) = self.others.last().map_or((0, &self.source), |(start, last)| (*start, last));
        // A byte apart, since a place may lie at a text's very end.
        let start = start + last.text.len() + 1;
        self.others.push((start, Arc::clone(source)));
        start
    }

    /// The text that a place lies in, and the place within it.
    fn within(&self, place: Range<usize>) -> (&Arc<Source>, Range<usize>) {
        match self.others.iter().rev().find(|(start, _)| *start <= place.start) {
            Some((start, source)) => (source, place.start - start..place.end - start),
            None => (&self.source, place),
        }
    }

    /// Adds an error, to which help may be added.
    pub fn error(&mut self, place: Range<usize>, message: impl Into<String>) -> &mut Diagnostic {
        let (source, place) = self.within(place);
        self.push(Diagnostic::error(source, place, message))
    }

    /// Adds a warning, to which help may be added.
    pub fn warning(&mut self, place: Range<usize>, message: impl Into<String>) -> &mut Diagnostic {
        let warning = self.error(place, message);
        warning.severity = Severity::Warning;
        warning
    }

    /// Adds what a run is certain to refuse in one node: its other nodes may run, so that the recipe stands. Help may be added.
    pub fn foreseen(&mut self, place: Range<usize>, message: impl Into<String>) -> &mut Diagnostic {
        let foreseen = self.error(place, message);
        foreseen.severity = Severity::Foreseen;
        foreseen
    }

    /// The first error whose place shares bytes with this one.
    pub fn error_at(&mut self, place: &Range<usize>) -> Option<&mut Diagnostic> {
        let (source, place) = self.within(place.clone());
        let source = Arc::clone(source);
        self.all.iter_mut().find(|known| known.severity == Severity::Error && known.overlaps(&source, &place))
    }

    /// Adds one that points into another text.
    pub fn push(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        self.all.push(diagnostic);
        self.all.last_mut().expect("one was just pushed")
    }

    /// Errors, then warnings. Where there are errors, what is foreseen is one too: nothing runs, and all is told at once.
    pub fn finish(self) -> (Diagnostics, Diagnostics) {
        let all = Diagnostics::new(self.all);
        let all = if all.refuse() { all.refusing() } else { all };
        let (errors, warnings) = all.0.into_iter().partition(|d| d.severity == Severity::Error);
        (Diagnostics(errors), Diagnostics(warnings))
    }
}

/// A text from a recipe, quoted, on one line and cut where it is long.
pub fn quoted(text: &str) -> String {
    if text.is_empty() {
        return "\"\"".to_owned();
    }
    let flat: String = text.chars().take(61).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if flat.chars().count() > 60 {
        format!("`{}…`", flat.chars().take(59).collect::<String>())
    } else {
        format!("`{flat}`")
    }
}

/// Names in a row: "`a`, `b` and `c`"; a long row is cut.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(quoted).collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        many if many.len() > 24 => format!("{} and {} more", many[..20].join(", "), many.len() - 20),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str, place: Range<usize>, message: &str) -> Diagnostics {
        let source = Arc::new(Source::new("recipes/a.yaml", text));
        let mut problems = Problems::new(&source);
        problems.error(place, message).help("did you mean `nodes`?");
        problems.finish().0
    }

    #[test]
    fn the_place_is_literal_and_counts_characters() {
        let shown = one("é: 1\nä é: nods\n", 13..17, "no `nods`").to_string();
        assert!(shown.contains("error: no `nods`"), "{shown}");
        assert!(shown.contains("--> recipes/a.yaml:2:6"), "{shown}");
        assert!(shown.contains("^^^^"), "{shown}");
        assert!(shown.contains("help: did you mean `nodes`?"), "{shown}");
    }

    #[test]
    fn ranges_outside_the_text_and_long_lines_still_print() {
        assert!(one("a", 40..50, "m").to_string().contains("recipes/a.yaml:1:2"));
        let long = "x".repeat(10_000);
        let shown = one(&long, 5_000..5_010, "m").to_string();
        assert!(shown.contains("recipes/a.yaml:1:5001") && shown.len() < 200, "{shown}");
        assert!(one("", 0..0, "m").to_string().contains("recipes/a.yaml:1:1"));
        assert!(one("a: 1\r\nb", 3..9, "m").to_string().contains(":1:4"));
    }

    #[test]
    fn equal_ones_become_one_and_the_rest_is_by_place() {
        let source = Arc::new(Source::new("a", "abc\n"));
        let mut problems = Problems::new(&source);
        for (place, message) in [(2..3, "late"), (0..1, "early"), (2..3, "late")] {
            problems.error(place, message);
        }
        let messages: Vec<_> = problems.finish().0.iter().map(|d| d.message.clone()).collect();
        assert_eq!(messages, ["early", "late"]);
    }
}
