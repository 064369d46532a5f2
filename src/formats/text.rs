//! A text out of a file's bytes: UTF-8 or UTF-16, with or without the mark that some programs begin with.

use std::path::Path;

use crate::formats::name_of;

/// A file's text, and whether it is kept in UTF-16.
pub struct Text {
    pub text: String,
    pub utf_16: bool,
}

/// Reads a text. Bytes that are neither UTF-8 nor, by their mark, UTF-16 are refused: what their letters were cannot be
/// known.
pub fn read(path: &Path) -> Result<Text, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let wide = |big: bool| {
        let (units, rest) = bytes[2..].as_chunks::<2>();
        let units = units.iter().map(|&unit| if big { u16::from_be_bytes(unit) } else { u16::from_le_bytes(unit) });
        let text: Option<String> = char::decode_utf16(units).collect::<Result<_, _>>().ok();
        text.filter(|_| rest.is_empty())
            .map(|text| Text { text, utf_16: true })
            .ok_or_else(|| format!("{} does not read: it begins as UTF-16, but is damaged", name_of(path)))
    };
    if bytes.starts_with(&[0xff, 0xfe]) {
        return wide(false);
    }
    if bytes.starts_with(&[0xfe, 0xff]) {
        return wide(true);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Text { text: text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text), utf_16: false }),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..at].iter().filter(|&&b| b == b'\n').count() + 1;
            Err(format!(
                "{} does not read: line {line} is neither UTF-8 nor UTF-16; save it as UTF-8 (Excel: \"CSV UTF-8\")",
                name_of(path)
            ))
        }
    }
}
