//! `${name}` inside a text; `$${` stands for `${` itself.

use std::ops::Range;

/// A text cut at its variables.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece<'t> {
    Text(&'t str),
    /// A variable's name, and the bytes of `${name}`.
    Variable(&'t str, Range<usize>),
}

/// A `${` that names no variable: its bytes, and what is wrong.
pub type Malformed = (Range<usize>, &'static str);

/// Cuts a text; one without variables is a single piece.
pub fn pieces(text: &str) -> Result<Vec<Piece<'_>>, Malformed> {
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut search = 0;
    while let Some(found) = text[search..].find("${") {
        let start = search + found;
        if text[..start].ends_with('$') {
            // `$${`: the text up to the first `$`, then `{` goes on as text with one `$`.
            pieces.push(Piece::Text(&text[from..start]));
            from = start + 1;
            search = start + 2;
            continue;
        }
        let name_start = start + 2;
        let Some(length) = text[name_start..].find('}') else {
            return Err((start..text.len(), "this `${` is never closed with `}`"));
        };
        let (name, end) = (&text[name_start..name_start + length], name_start + length + 1);
        if !is_name(name) {
            return Err((start..end, "this is no variable's name: it has letters, digits, `_` and `-`"));
        }
        pieces.push(Piece::Text(&text[from..start]));
        pieces.push(Piece::Variable(name, start..end));
        (from, search) = (end, end);
    }
    pieces.push(Piece::Text(&text[from..]));
    pieces.retain(|piece| *piece != Piece::Text(""));
    Ok(pieces)
}

/// Whether a text could hold variables or their escape at all.
pub fn has_variables(text: &str) -> bool {
    text.contains("${")
}

/// Whether it can name a variable or a node.
pub fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_stand_anywhere_and_are_escaped() {
        use Piece::{Text, Variable};
        assert_eq!(pieces("plain $5"), Ok(vec![Text("plain $5")]));
        assert_eq!(pieces("${a}"), Ok(vec![Variable("a", 0..4)]));
        assert_eq!(
            pieces("x[${a}].${b-c}"),
            Ok(vec![Text("x["), Variable("a", 2..6), Text("]."), Variable("b-c", 8..14)])
        );
        assert_eq!(pieces("a $${b} c"), Ok(vec![Text("a $"), Text("{b} c")]));
        assert_eq!(pieces("$${a}${a}"), Ok(vec![Text("$"), Text("{a}"), Variable("a", 5..9)]));
        assert_eq!(pieces(""), Ok(vec![]));
    }

    #[test]
    fn what_names_no_variable_is_refused() {
        assert_eq!(pieces("é ${a").map_err(|e| e.0), Err(3..6));
        assert_eq!(pieces("${}").map_err(|e| e.0), Err(0..3));
        assert_eq!(pieces("${a b}").map_err(|e| e.0), Err(0..6));
    }
}
