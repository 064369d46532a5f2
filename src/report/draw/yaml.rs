//! A recipe's text with light highlighting, everything in it escaped.

use crate::report::draw::svg::escape;

/// Markup of a YAML text: comments, keys, strings, numbers and `${variables}` in spans.
pub fn highlighted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for line in text.lines() {
        highlight_line(line, &mut out);
        out.push('\n');
    }
    out
}

fn highlight_line(line: &str, out: &mut String) {
    let mut rest = line;
    while !rest.is_empty() {
        let (class, length) = token(rest, rest.len() == line.len() || ends_in_gap(line, rest));
        let (text, after) = rest.split_at(length);
        match class {
            "" => out.push_str(&escape(text)),
            class => {
                out.push_str("<span class=\"y-");
                out.push_str(class);
                out.push_str("\">");
                out.push_str(&escape(text));
                out.push_str("</span>");
            }
        }
        rest = after;
    }
}

/// Whether what stands before `rest` ends where a new word may begin.
fn ends_in_gap(line: &str, rest: &str) -> bool {
    let before = &line[..line.len() - rest.len()];
    before.ends_with([' ', '\t', '[', ']', '{', '}', ',', '"', '\''])
}

/// The class of what a text starts with, and its length in bytes.
fn token(rest: &str, fresh: bool) -> (&'static str, usize) {
    let first = rest.chars().next().expect("the caller has text left");
    if !fresh {
        return ("", run(rest, |c| !(c.is_whitespace() || "[]{},".contains(c))));
    }
    match first {
        '#' => ("c", rest.len()),
        '"' | '\'' => {
            let end = rest[1..].find(first).map_or(rest.len(), |at| at + 2);
            if is_key(&rest[end..]) { ("k", end) } else { ("s", end) }
        }
        c if c.is_whitespace() || "[]{},-".contains(c) && !rest[1..].starts_with(|d: char| d.is_ascii_digit()) => {
            ("", first.len_utf8())
        }
        _ => {
            let length =
                run(rest, |c| !(c.is_whitespace() || "[]{},:\"'".contains(c)) || c == '$').max(first.len_utf8());
            let word = &rest[..length];
            if rest.starts_with("${") {
                let end = rest.find('}').map_or(length, |at| at + 1);
                return ("v", end);
            }
            if is_key(&rest[length..]) {
                ("k", length)
            } else if word.parse::<f64>().is_ok() || matches!(word, "true" | "false" | "null" | "~") {
                ("n", length)
            } else {
                ("", length)
            }
        }
    }
}

fn run(text: &str, keep: impl Fn(char) -> bool) -> usize {
    text.find(|c| !keep(c)).unwrap_or(text.len()).max(text.chars().next().map_or(0, char::len_utf8))
}

fn is_key(after: &str) -> bool {
    after.strip_prefix(':').is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_whole_and_escaped() {
        let text = "a: { b: [1, -2.5, x-y], c: \"${v}\" } # <note>\n\"q\": 'it''s' & é\n  - http://x\n\n";
        let marked = highlighted(text);
        let mut bare = String::new();
        let mut inside = false;
        for c in marked.chars() {
            match c {
                '<' => inside = true,
                '>' => inside = false,
                c if !inside => bare.push(c),
                _ => {}
            }
        }
        assert_eq!(bare, escape(text));
        assert!(marked.contains("<span class=\"y-k\">a</span>"), "{marked}");
        assert!(marked.contains("<span class=\"y-n\">-2.5</span>"), "{marked}");
        assert!(marked.contains("<span class=\"y-c\"># &lt;note&gt;</span>"), "{marked}");
    }
}
