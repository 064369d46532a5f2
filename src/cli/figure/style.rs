//! The style file: what a lab's or a journal's figures look like, as YAML.

use std::path::Path;

use serde_yaml::{Mapping, Value as Yaml};

use crate::cli::figure::length::length;
use crate::report::print::shape::Rgb;
use crate::report::print::style::{Palette, Style};
use crate::text::nearest::nearest;

const TOP: &[&str] = &["width", "height", "font", "size", "panel_size", "title", "dpi", "lines", "axes", "palette"];
const LINES: &[&str] = &["data", "axis", "grid"];
const AXES: &[&str] = &["lines", "grid"];
const PALETTE: &[&str] = &["ink", "muted", "axis", "grid", "paper", "main", "best", "reference", "series", "ramp"];

/// Reads a style file; what it leaves out stays as journals accept it.
pub fn read(file: &Path) -> Result<Style, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    parse(&text).map_err(|why| format!("{}: {why}", file.display()))
}

fn parse(text: &str) -> Result<Style, String> {
    let yaml: Yaml = serde_yaml::from_str(text).map_err(|e| format!("this is no YAML: {e}"))?;
    let mut style = Style::default();
    let map = match &yaml {
        Yaml::Null => return Ok(style),
        Yaml::Mapping(map) => map,
        _ => return Err("a style is a map of keys, such as `size: 7pt`".to_owned()),
    };
    for (key, value) in keys(map, "", TOP)? {
        match key {
            "width" => style.width = points(key, value)?,
            "height" => style.height = Some(points(key, value)?),
            "font" => style.fonts = fonts(value)?,
            "size" => style.size = points(key, value)?,
            "panel_size" => style.letter = points(key, value)?,
            "title" => style.title = flag(key, value)?,
            "dpi" => style.dpi = value.as_f64().ok_or("`dpi` is a number, such as 300")?,
            "lines" => {
                for (key, value) in keys(inner(key, value)?, "lines.", LINES)? {
                    let width = points(&format!("lines.{key}"), value)?;
                    match key {
                        "data" => style.lines.data = width,
                        "axis" => style.lines.axis = width,
                        _ => style.lines.grid = width,
                    }
                }
            }
            "axes" => {
                for (key, value) in keys(inner(key, value)?, "axes.", AXES)? {
                    let shown = flag(&format!("axes.{key}"), value)?;
                    if key == "lines" { style.axes.lines = shown } else { style.axes.grid = shown }
                }
            }
            _ => palette(&mut style.palette, inner(key, value)?)?,
        }
    }
    Ok(style)
}

/// The keys of a map with their values; one that is not known is refused with the nearest that is.
fn keys<'a>(map: &'a Mapping, under: &str, known: &[&'static str]) -> Result<Vec<(&'static str, &'a Yaml)>, String> {
    let mut found = Vec::new();
    for (key, value) in map {
        let name = key.as_str().map_or_else(|| serde_yaml::to_string(key).unwrap_or_default(), str::to_owned);
        let name = name.trim();
        match known.iter().find(|key| **key == name) {
            Some(key) => found.push((*key, value)),
            None => {
                let near = nearest(name, known.iter().copied());
                let meant = near.map(|near| format!("; did you mean `{under}{near}`?")).unwrap_or_default();
                return Err(format!("a style has no key `{under}{name}`{meant} There are {}", known.join(", "))
                    .replacen("` There", "`; there", 1));
            }
        }
    }
    Ok(found)
}

fn inner<'a>(key: &str, value: &'a Yaml) -> Result<&'a Mapping, String> {
    value.as_mapping().ok_or_else(|| format!("`{key}` is a map of keys"))
}

fn points(key: &str, value: &Yaml) -> Result<f64, String> {
    let text = match value {
        Yaml::String(text) => text.clone(),
        Yaml::Number(number) => number.to_string(),
        _ => return Err(format!("`{key}` is a length, such as 7pt")),
    };
    length(&text).map_err(|why| format!("`{key}`: {why}"))
}

fn flag(key: &str, value: &Yaml) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("`{key}` is true or false"))
}

fn fonts(value: &Yaml) -> Result<Vec<String>, String> {
    let wrong = || "`font` is a name or a list of names, such as [Helvetica, Arial]".to_owned();
    let named = |value: &Yaml| value.as_str().map(str::to_owned).filter(|name| !name.trim().is_empty());
    let list: Option<Vec<String>> = match value {
        Yaml::Sequence(list) => list.iter().map(named).collect(),
        one => named(one).map(|name| vec![name]),
    };
    list.filter(|list| !list.is_empty()).ok_or_else(wrong)
}

fn palette(palette: &mut Palette, map: &Mapping) -> Result<(), String> {
    for (key, value) in keys(map, "palette.", PALETTE)? {
        let one = |value: &Yaml| colour(&format!("palette.{key}"), value);
        let many = || {
            let list = value.as_sequence().filter(|list| list.len() > 1);
            let list = list.ok_or_else(|| format!("`palette.{key}` is a list of two colours or more"))?;
            list.iter().map(one).collect::<Result<Vec<Rgb>, String>>()
        };
        match key {
            "ink" => palette.ink = one(value)?,
            "muted" => palette.muted = one(value)?,
            "axis" => palette.axis = one(value)?,
            "grid" => palette.grid = one(value)?,
            "paper" => palette.paper = one(value)?,
            "main" => palette.main = one(value)?,
            "best" => palette.best = one(value)?,
            "reference" => palette.reference = one(value)?,
            "series" => palette.series = many()?,
            _ => palette.ramp = many()?,
        }
    }
    Ok(())
}

fn colour(key: &str, value: &Yaml) -> Result<Rgb, String> {
    let wrong = || format!("`{key}` is a colour in hexadecimal digits, quoted, such as \"#0072b2\"");
    let digits = value.as_str().and_then(|text| text.strip_prefix('#')).ok_or_else(wrong)?;
    let full: String = match digits.len() {
        3 => digits.chars().flat_map(|c| [c, c]).collect(),
        _ => digits.to_owned(),
    };
    let number = (full.len() == 6 && full.is_ascii()).then(|| u32::from_str_radix(&full, 16).ok()).flatten();
    let [_, r, g, b] = number.ok_or_else(wrong)?.to_be_bytes();
    Ok([r, g, b])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::print::style::{Axes, Lines};

    #[test]
    fn a_style_says_what_differs() {
        let text = "width: 183mm\nfont: [Arial]\nsize: 6pt\ntitle: false\nlines: { axis: 0.75pt }\naxes: { grid: true }\n\
                    palette: { main: \"#f00\", series: [\"#000000\", \"#abcdef\"] }\n";
        let style = parse(text).expect("it reads");
        let expected = Style {
            width: 183.0 * crate::report::print::style::MM,
            fonts: vec!["Arial".to_owned()],
            size: 6.0,
            title: false,
            lines: Lines { axis: 0.75, ..Style::default().lines },
            axes: Axes { lines: true, grid: true },
            palette: Palette { main: [255, 0, 0], series: vec![[0, 0, 0], [0xab, 0xcd, 0xef]], ..Palette::default() },
            ..Style::default()
        };
        assert_eq!(style, expected);
        assert_eq!(parse(""), Ok(Style::default()));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |text: &str| parse(text).expect_err(text);
        assert_eq!(
            wrong("palete: {}"),
            "a style has no key `palete`; did you mean `palette`? There are width, height, font, size, panel_size, title, dpi, lines, axes, palette"
        );
        assert_eq!(wrong("lines: { zzz: 1pt }"), "a style has no key `lines.zzz`; there are data, axis, grid");
        assert_eq!(wrong("size: 7"), "`size`: `7` lacks its unit; write 7mm, 7pt, 7cm or 7in");
        assert_eq!(
            wrong("palette: { main: blue }"),
            "`palette.main` is a colour in hexadecimal digits, quoted, such as \"#0072b2\""
        );
        assert_eq!(wrong("palette: { ramp: [] }"), "`palette.ramp` is a list of two colours or more");
        assert_eq!(wrong("title: 3"), "`title` is true or false");
        assert_eq!(wrong("- a"), "a style is a map of keys, such as `size: 7pt`");
    }
}
