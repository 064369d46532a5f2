//! Lengths as people write them: `89mm`, `3.5in`, `7pt`.

use crate::report::print::style::MM;

/// Units and their points.
const UNITS: [(&str, f64); 4] = [("mm", MM), ("cm", 10.0 * MM), ("in", 72.0), ("pt", 1.0)];

/// Points of a length with its unit.
pub fn length(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let unit = UNITS.iter().find_map(|(unit, points)| Some((text.strip_suffix(unit)?.trim_end(), points)));
    let number = |text: &str| text.parse::<f64>().ok().filter(|x| x.is_finite() && *x > 0.0);
    match unit {
        Some((digits, points)) => number(digits)
            .map(|x| x * points)
            .ok_or_else(|| format!("`{text}` is no length; write a number above 0 and its unit, such as 89mm")),
        None if number(text).is_some() => {
            Err(format!("`{text}` lacks its unit; write {text}mm, {text}pt, {text}cm or {text}in"))
        }
        None => Err(format!("`{text}` is no length; write a number and its unit: 89mm, 7pt, 8.9cm, 3.5in")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_units() {
        assert_eq!([length("7pt"), length(" 1 in "), length("0.5in")], [Ok(7.0), Ok(72.0), Ok(36.0)]);
        assert!((length("89mm").unwrap_or_default() - 252.283_464).abs() < 1e-5);
        assert_eq!(length("8.9cm").map(f64::round), length("89mm").map(f64::round));
        assert_eq!(length("89"), Err("`89` lacks its unit; write 89mm, 89pt, 89cm or 89in".to_owned()));
        for odd in ["", "mm", "-3mm", "0pt", "wide", "nanmm", "infpt"] {
            assert!(length(odd).is_err(), "{odd}");
        }
    }
}
