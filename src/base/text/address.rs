//! Text in addresses: what stands there as it is, and what as `%` and two digits.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// A part of a path.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');
/// What follows the comma of a `data:` address, where a table's commas stay readable.
const DATA: &AsciiSet = &PART.remove(b',').remove(b'=').remove(b'@').remove(b':');

/// A text as a part of a path.
pub fn part(text: &str) -> String {
    utf8_percent_encode(text, PART).to_string()
}

/// A text as it stands in a `data:` address.
pub fn data(text: &str) -> String {
    utf8_percent_encode(text, DATA).to_string()
}

/// The path of an address with its percents undone; none where that is no text.
pub fn path(address: &str) -> Option<String> {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let digits = |rest: &str| rest.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    if !path.split('%').skip(1).all(digits) {
        return None;
    }
    percent_decode_str(path).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_back_from_addresses() {
        assert_eq!(part("a@k=1,ü"), "a%40k%3D1%2C%C3%BC");
        assert_eq!(path("/a%40k%3D1%2C%C3%BC?x#y").as_deref(), Some("/a@k=1,ü"));
        assert_eq!(path("/%ff"), None);
        assert_eq!(data("a,b\n\"c\""), "a,b%0A%22c%22");
    }
}
