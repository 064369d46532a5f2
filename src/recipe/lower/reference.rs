//! References: `node`, `node.port`, `node[key]`, `node.port[key]`, and last the variant, `scores@layer=layer3`.

use std::ops::Range;

use crate::recipe::lower::sweep::Sweep;
use crate::recipe::syntax::template::is_name;

/// A reference cut into its parts, each with its bytes in the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    pub node: String,
    pub port: Option<(String, Range<usize>)>,
    pub key: Option<(String, Range<usize>)>,
    pub variant: Variant,
    /// How many bytes stand before the variant: `scores.summary` of `scores.summary@*`.
    pub base: usize,
}

/// Which variants of a swept node are meant.
#[derive(Clone, Debug, PartialEq)]
pub enum Variant {
    /// The one that agrees with the reader.
    Same,
    /// `@*`: all.
    All,
    /// `@layer=*,components=100`: a value per variable, or all along it.
    Chosen(Vec<Choice>),
}

/// One variable of a variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub variable: String,
    /// The value as text; `None` is `*`.
    pub value: Option<String>,
    /// The bytes of `variable=value`.
    pub at: Range<usize>,
}

/// What is wrong with a text that should be a reference, with its bytes.
pub type Malformed = (Range<usize>, String);

const FORM: &str = "a reference reads `node`, `node.port`, `node[key]` or `node.port[key]`";

/// Cuts a text into its parts. The sweep's names tell where in `a=x,y,b=z` a value that holds commas ends.
pub fn parse(text: &str, sweep: &Sweep) -> Result<Reference, Malformed> {
    let name_end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(text.len());
    let node = &text[..name_end];
    if !is_name(node) {
        let what = if text.is_empty() { "a reference is missing here".to_owned() } else { FORM.to_owned() };
        return Err((0..text.len(), what));
    }
    let mut at = name_end;
    let mut port = None;
    if text[at..].starts_with('.') {
        let start = at + 1;
        at = text[start..].find(['[', '@']).map_or(text.len(), |found| start + found);
        let name = &text[start..at];
        if !is_name(name) {
            return Err((start..at.max(start), format!("{FORM}; this is no port's name")));
        }
        port = Some((name.to_owned(), start..at));
    }
    let mut key = None;
    if text[at..].starts_with('[') {
        let start = at + 1;
        // A key may hold anything, dots and brackets too: it ends where only a variant, or nothing, follows.
        let ends = text[start..].match_indices(']').map(|(found, _)| start + found);
        let end = ends.into_iter().find(|end| end + 1 == text.len() || text[end + 1..].starts_with('@'));
        let Some(end) = end else {
            return Err((at..text.len(), format!("{FORM}; this key is not closed with `]`")));
        };
        if start == end {
            return Err((at..end + 1, format!("{FORM}; this key is empty")));
        }
        key = Some((text[start..end].to_owned(), start..end));
        at = end + 1;
    }
    let base = at;
    let variant = match text[at..].strip_prefix('@') {
        None if at == text.len() => Variant::Same,
        None => {
            let port = text[at..].trim_start_matches(['/', ':', ' ']);
            let meant = if port.len() < text.len() - at && is_name(port) && at == name_end {
                format!("; did you mean `{node}.{port}`?")
            } else {
                String::new()
            };
            return Err((at..text.len(), format!("{FORM}; this is left over{meant}")));
        }
        Some("*") => Variant::All,
        Some(choices) => Variant::Chosen(parse_choices(choices, at + 1, sweep)?),
    };
    Ok(Reference { node: node.to_owned(), port, key, variant, base })
}

fn parse_choices(text: &str, start: usize, sweep: &Sweep) -> Result<Vec<Choice>, Malformed> {
    let mut choices: Vec<Choice> = Vec::new();
    let mut at = start;
    for segment in text.split(',') {
        let end = at + segment.len();
        let pair = segment.split_once('=');
        match (pair, choices.last_mut()) {
            // `a=x,y`: the comma belongs to the value, unless a swept variable stands behind it.
            (pair, Some(Choice { value: Some(value), at: before, .. }))
                if pair.is_none_or(|(name, _)| sweep.find(name).is_none() && !is_name(name)) =>
            {
                value.push(',');
                value.push_str(segment);
                before.end = end;
            }
            (Some((variable, value)), _) if !variable.is_empty() && !value.is_empty() => {
                let value = (value != "*").then(|| value.to_owned());
                choices.push(Choice { variable: variable.to_owned(), value, at: at..end });
            }
            _ => {
                let after = text.starts_with("*.") || text.starts_with("*[") || text.starts_with('.');
                let order = if after { "; the port and the key stand before it" } else { "" };
                let message = format!("a variant reads `@*`, `@layer=layer3` or `@layer=*,components=100`{order}");
                return Err((start - 1..start + text.len(), message));
            }
        }
        at = end + 1;
    }
    Ok(choices)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::recipe::lower::sweep::Swept;

    fn read(text: &str) -> Result<Reference, Malformed> {
        parse(text, &Sweep::grid(vec![Swept::plain("layer", vec![json!("a")]), Swept::plain("k", vec![json!(1)])]))
    }

    fn choice(variable: &str, value: Option<&str>, at: Range<usize>) -> Choice {
        Choice { variable: variable.to_owned(), value: value.map(str::to_owned), at }
    }

    #[test]
    fn every_form_is_read() {
        let node = |port: Option<(&str, Range<usize>)>, key: Option<(&str, Range<usize>)>, base, variant| Reference {
            node: "n-1".to_owned(),
            port: port.map(|(p, at)| (p.to_owned(), at)),
            key: key.map(|(k, at)| (k.to_owned(), at)),
            variant,
            base,
        };
        assert_eq!(read("n-1"), Ok(node(None, None, 3, Variant::Same)));
        assert_eq!(read("n-1.p"), Ok(node(Some(("p", 4..5)), None, 5, Variant::Same)));
        assert_eq!(read("n-1[features.9]"), Ok(node(None, Some(("features.9", 4..14)), 15, Variant::Same)));
        assert_eq!(read("n-1.p[a@b[0]]@*"), Ok(node(Some(("p", 4..5)), Some(("a@b[0]", 6..12)), 13, Variant::All)));
        let chosen = Variant::Chosen(vec![choice("layer", Some("features.9"), 6..22), choice("k", None, 23..26)]);
        assert_eq!(read("n-1.p@layer=features.9,k=*"), Ok(node(Some(("p", 4..5)), None, 5, chosen)));
    }

    #[test]
    fn a_value_may_hold_commas_and_equal_signs() {
        let Variant::Chosen(choices) = read("n@layer=x,1=y,k=2").unwrap().variant else { panic!("a choice") };
        assert_eq!(choices, [choice("layer", Some("x,1=y"), 2..13), choice("k", Some("2"), 14..17)]);
    }

    #[test]
    fn other_languages_dots_are_understood() {
        for text in ["it/images", "it:images", "it images"] {
            let (_, message) = read(text).unwrap_err();
            assert!(message.ends_with("; did you mean `it.images`?"), "{message}");
        }
        assert!(read("it/a b").unwrap_err().1.ends_with("this is left over"));
    }

    #[test]
    fn what_is_no_reference_says_where() {
        for (text, at) in
            [("", 0..0), ("a b", 1..3), ("a.", 2..2), ("a[b", 1..3), ("a[]", 1..3), ("a@", 1..2), ("a@*.p", 1..5)]
        {
            assert_eq!(read(text).map_err(|e| e.0), Err(at), "{text}");
        }
    }
}
