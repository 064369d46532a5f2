//! Numbers as a page prints them: `.335`, `1,200`, `2.5 × 10⁴`, `4.2 s`.

/// The true minus sign, as wide as a digit.
const MINUS: char = '−';

/// A share or a coefficient to three decimals, without the zero before the point, as journals print it.
pub fn score(x: f64) -> String {
    if !x.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{:.3}", x.abs());
    let text = text.strip_prefix('0').unwrap_or(&text);
    if x < 0.0 && text != ".000" { format!("{MINUS}{text}") } else { text.to_owned() }
}

/// Any other number to at most four significant digits.
pub fn general(x: f64) -> String {
    let size = x.abs();
    let body = if !x.is_finite() {
        return "–".to_owned();
    } else if size == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e5).contains(&size) {
        if size.fract() == 0.0 {
            grouped(&format!("{size:.0}"))
        } else {
            let decimals = (3 - size.log10().floor() as i32).max(0) as usize;
            let text = format!("{size:.decimals$}");
            let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
            grouped(text.strip_prefix("0.").map_or(text.to_owned(), |rest| format!(".{rest}")).as_str())
        }
    } else {
        scientific(size)
    };
    if x < 0.0 { format!("{MINUS}{body}") } else { body }
}

/// A count, with commas between groups of three.
pub fn count(n: usize) -> String {
    grouped(&n.to_string())
}

/// A count and what it counts: `1 unit`, `89 units`.
pub fn counted(n: usize, what: &str) -> String {
    let plural = match what.strip_suffix('y') {
        _ if n == 1 => what.to_owned(),
        Some(stem) if !what.ends_with("ay") => format!("{stem}ies"),
        _ if what.ends_with("ss") => format!("{what}es"),
        _ if what.ends_with("us") => format!("{}i", &what[..what.len() - 2]),
        _ => format!("{what}s"),
    };
    format!("{} {plural}", count(n))
}

/// A probability, with what is too small to matter cut off.
pub fn probability(p: f64) -> String {
    if p.is_finite() && p < 0.001 { "< .001".to_owned() } else { score(p) }
}

/// A power of ten where the number is one, such as a tick of a logarithmic axis.
pub fn decade(x: f64) -> String {
    let exponent = x.abs().log10();
    if x > 0.0 && (exponent - exponent.round()).abs() < 1e-9 && !(-2.5..3.5).contains(&exponent) {
        format!("10{}", superscript(exponent.round() as i32))
    } else {
        general(x)
    }
}

/// A power of ten, written as one but for 1 and 10 themselves.
pub fn power(x: f64) -> String {
    match x.log10().round() as i32 {
        0 => "1".to_owned(),
        1 => "10".to_owned(),
        exponent => format!("10{}", superscript(exponent)),
    }
}

/// Wall-clock time.
pub fn seconds(s: f64) -> String {
    if !s.is_finite() {
        "–".to_owned()
    } else if s < 0.0005 {
        "0 ms".to_owned()
    } else if s < 0.9995 {
        format!("{:.0} ms", s * 1000.0)
    } else if s < 59.95 {
        format!("{s:.1} s")
    } else if s < 3570.0 {
        let whole = s.round() as u64;
        format!("{} min {} s", whole / 60, whole % 60)
    } else {
        let minutes = (s / 60.0).round() as u64;
        format!("{} h {} min", minutes / 60, minutes % 60)
    }
}

/// Sizes in decimal units, as disks are sold.
pub fn bytes(n: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut size = n as f64;
    let mut unit = 0;
    while size >= 999.5 && unit + 1 < units.len() {
        size /= 1000.0;
        unit += 1;
    }
    if unit == 0 || size >= 99.95 { format!("{size:.0} {}", units[unit]) } else { format!("{size:.1} {}", units[unit]) }
}

fn grouped(text: &str) -> String {
    let (whole, rest) = text.find('.').map_or((text, ""), |at| text.split_at(at));
    let mut out = String::with_capacity(text.len() + whole.len() / 3);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

fn scientific(size: f64) -> String {
    let text = format!("{size:.2e}");
    let (mantissa, exponent) = text.split_once('e').expect("the format writes an exponent");
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    let power = format!("10{}", superscript(exponent.parse().expect("the format writes an integer")));
    if mantissa == "1" { power } else { format!("{mantissa} × {power}") }
}

/// Digits as exponents have them, and their minus.
pub const RAISED: [char; 11] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹', '⁻'];

fn superscript(n: i32) -> String {
    n.to_string().chars().map(|c| RAISED[c.to_digit(10).unwrap_or(10) as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_in_print() {
        assert_eq!(score(0.3349), ".335");
        assert_eq!(score(-0.0001), ".000");
        assert_eq!(score(-1.25), "−1.250");
        assert_eq!(score(f64::NAN), "–");
        assert_eq!(general(25000.0), "25,000");
        assert_eq!(general(250_000.0), "2.5 × 10⁵");
        assert_eq!(general(1e-7), "10⁻⁷");
        assert_eq!(general(0.25), ".25");
        assert_eq!(general(12.3456), "12.35");
        assert_eq!(general(-0.5), "−.5");
        assert_eq!(decade(1e4), "10⁴");
        assert_eq!(decade(100.0), "100");
        assert_eq!(probability(2e-9), "< .001");
        assert_eq!(counted(1, "unit"), "1 unit");
        assert_eq!(counted(1200, "stimulus"), "1,200 stimuli");
        assert_eq!(counted(2, "entry"), "2 entries");
        assert_eq!(counted(3, "array"), "3 arrays");
        assert_eq!(counted(8, "class"), "8 classes");
    }

    #[test]
    fn times_and_sizes_have_the_unit_that_fits() {
        assert_eq!(seconds(0.0), "0 ms");
        assert_eq!(seconds(0.085), "85 ms");
        assert_eq!(seconds(4.24), "4.2 s");
        assert_eq!(seconds(72.4), "1 min 12 s");
        assert_eq!(seconds(3599.0), "1 h 0 min");
        assert_eq!(bytes(12), "12 B");
        assert_eq!(bytes(999_999), "1.0 MB");
        assert_eq!(bytes(384_000_000), "384 MB");
    }
}
