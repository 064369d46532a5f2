//! Ages and sizes as people type them.

use std::time::Duration;

/// An age: `30d`, `12h`, `90m`.
pub fn age(text: &str) -> Result<Duration, String> {
    let bad = || "expected an age such as 30d, 12h or 90m".to_owned();
    let unit = match text.chars().last().ok_or_else(bad)? {
        'd' => 86_400,
        'h' => 3_600,
        'm' => 60,
        _ => return Err(bad()),
    };
    let count: u64 = text[..text.len() - 1].parse().map_err(|_| bad())?;
    Ok(Duration::from_secs(count * unit))
}

/// A size in bytes: `500MB`, `20GB`; units are powers of ten.
pub fn size(text: &str) -> Result<u64, String> {
    let upper = text.to_uppercase();
    let digits = upper.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &upper[digits.len()..] {
        "" | "B" => 1.0,
        "KB" | "K" => 1e3,
        "MB" | "M" => 1e6,
        "GB" | "G" => 1e9,
        "TB" | "T" => 1e12,
        _ => return Err("expected a size such as 500MB or 20GB".to_owned()),
    };
    let count: f64 = digits.parse().map_err(|_| "expected a size such as 500MB or 20GB".to_owned())?;
    Ok((count * unit) as u64)
}
