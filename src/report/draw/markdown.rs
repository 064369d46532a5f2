//! Markdown out of recipes: formatted, with markup, pictures and scripts kept as plain text.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

use crate::report::draw::svg::escape;

/// Safe markup of a Markdown text. HTML in it is shown, not obeyed; a picture becomes its description, since a page
/// requests nothing; a link keeps its address only where it is one that a browser opens as a page.
pub fn rendered(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let events = Parser::new_ext(text, options).filter_map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Some(Event::Text(raw)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        // The page has one title and headings of its own above these.
        Event::Start(Tag::Heading { level, id, classes, attrs }) => Some(Event::Start(Tag::Heading {
            level: below(level),
            id: id.and(None),
            classes: cleared(classes),
            attrs: cleared(attrs),
        })),
        Event::End(TagEnd::Heading(level)) => Some(Event::End(TagEnd::Heading(below(level)))),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = if opens(&dest_url) { dest_url } else { CowStr::Borrowed("#") };
            Some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        other => Some(other),
    });
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}

/// Safe markup of a line that a program wrote: what stands between backticks is code, everything else text.
pub fn coded(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        let Some((code, tail)) = after.split_once('`') else { break };
        out += &escape(before);
        out += &format!("<code>{}</code>", escape(code));
        rest = tail;
    }
    out + &escape(rest)
}

fn opens(address: &str) -> bool {
    let lower = address.trim().to_ascii_lowercase();
    ["http://", "https://", "mailto:", "#"].iter().any(|scheme| lower.starts_with(scheme))
}

fn below(level: pulldown_cmark::HeadingLevel) -> pulldown_cmark::HeadingLevel {
    use pulldown_cmark::HeadingLevel::{H3, H4, H5, H6};
    match level as usize {
        1 => H3,
        2 => H4,
        3 => H5,
        _ => H6,
    }
}

fn cleared<T>(_: Vec<T>) -> Vec<T> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_of_messages_become_code() {
        assert_eq!(coded("`a<b` has 1 row"), "<code>a&lt;b</code> has 1 row");
        assert_eq!(coded("a lone ` & `pair`"), "a lone <code> &amp; </code>pair`");
        assert_eq!(coded("<i>"), "&lt;i&gt;");
    }

    #[test]
    fn markup_from_a_recipe_stays_text() {
        let html = rendered(
            "# Big\n<script>alert(1)</script>\n\n**b** ![pic](http://x/y.png) [a](javascript:alert(1))\n\n<img src=x>",
        );
        assert!(html.contains("<strong>b</strong>") && html.contains("<h3>Big</h3>"), "{html}");
        for bad in ["<script", "<img", "javascript:", "y.png"] {
            assert!(!html.contains(bad), "{bad} in {html}");
        }
        assert!(html.contains("pic"), "the description stays: {html}");
        assert!(rendered("[a](https://x.org)").contains("href=\"https://x.org\""));
    }
}
