//! A table of the page as text for a manuscript: LaTeX with booktabs' rules, Markdown, comma-separated text.

use crate::report::draw::number::count;
use crate::report::page::table::{Cell, Table};

/// More decimals than these no column has.
const DECIMALS: usize = 6;

/// Rows of texts, with as many decimals through a column.
struct Sheet {
    heads: Vec<(String, bool)>,
    rows: Vec<Vec<(String, bool)>>,
}

impl Sheet {
    fn of(table: &Table) -> Self {
        let heads = table.heads.iter().map(|head| (head.text.clone(), head.number)).collect();
        let decimals: Vec<Option<usize>> = (0..table.heads.len()).map(|at| decimals(table, at)).collect();
        let text = |(at, cell): (usize, &Cell)| match (decimals.get(at).copied().flatten(), cell.sort) {
            (Some(digits), Some(x)) if plain(&cell.text).is_some() => (fixed(x, digits), cell.top),
            _ => (cell.text.clone(), cell.top),
        };
        let rows = table.rows.iter().map(|row| row.cells.iter().enumerate().map(text).collect()).collect();
        Self { heads, rows }
    }
}

/// The most decimals in a column of numbers; none where it has words, or numbers too unlike to be written out.
fn decimals(table: &Table, at: usize) -> Option<usize> {
    let cells = table.rows.iter().filter_map(|row| row.cells.get(at)).filter(|cell| cell.sort.is_some());
    let all: Option<Vec<usize>> = cells.map(|cell| plain(&cell.text)).collect();
    all?.into_iter().max().filter(|most| (1..=DECIMALS).contains(most))
}

/// How many decimals a number has that is written out.
fn plain(text: &str) -> Option<usize> {
    let digits = text.strip_prefix('−').unwrap_or(text);
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let sound = !digits.is_empty()
        && whole.chars().all(|c| c.is_ascii_digit() || c == ',')
        && rest.chars().all(|c| c.is_ascii_digit());
    sound.then_some(rest.len())
}

/// A number with so many decimals, as the page writes it: no zero before the point, commas between thousands.
fn fixed(x: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", x.abs());
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let zero = text.chars().all(|c| matches!(c, '0' | '.'));
    let sign = if x < 0.0 && !zero { "−" } else { "" };
    match whole.parse::<usize>() {
        Ok(0) => format!("{sign}.{rest}"),
        Ok(whole) => format!("{sign}{}.{rest}", count(whole)),
        Err(_) => format!("{sign}{whole}.{rest}"),
    }
}

/// As LaTeX, for the package booktabs: numbers to the right, the highest in bold, and what measures mean in comments below.
pub fn tex(table: &Table) -> String {
    let sheet = Sheet::of(table);
    let columns: String = sheet.heads.iter().map(|(_, number)| if *number { 'r' } else { 'l' }).collect();
    let line = |cells: Vec<String>| format!("  {} \\\\\n", cells.join(" & "));
    let mut out = format!("% {}; needs \\usepackage{{booktabs}}.\n", comment(&table.title));
    out += &format!("\\begin{{tabular}}{{{columns}}}\n  \\toprule\n");
    out += &line(sheet.heads.iter().map(|(text, _)| escaped(text)).collect());
    out += "  \\midrule\n";
    for row in &sheet.rows {
        let cell = |(text, top): &(String, bool)| match top {
            true => format!("\\textbf{{{}}}", escaped(text)),
            false => escaped(text),
        };
        out += &line(row.iter().map(cell).collect());
    }
    out += "  \\bottomrule\n\\end{tabular}\n";
    for (name, definition) in &table.definitions {
        out += &format!("% {}: {}\n", comment(name), comment(definition));
    }
    out
}

/// As Markdown, with what measures mean below.
pub fn markdown(table: &Table) -> String {
    let sheet = Sheet::of(table);
    let cell = |text: &str| text.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ");
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut out = line(sheet.heads.iter().map(|(text, _)| cell(text)).collect());
    out += &line(sheet.heads.iter().map(|(_, number)| if *number { "---:" } else { "---" }.to_owned()).collect());
    for row in &sheet.rows {
        let text = |(text, top): &(String, bool)| if *top { format!("**{}**", cell(text)) } else { cell(text) };
        out += &line(row.iter().map(text).collect());
    }
    for (name, definition) in &table.definitions {
        out += &format!("\n{}: {}\n", cell(name), cell(definition));
    }
    out
}

/// As comma-separated text, with every digit.
pub fn csv(table: &Table) -> String {
    table.data.csv()
}

/// Text that stays in its line.
fn comment(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text as LaTeX takes it, with the signs that its fonts have in mathematics alone.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut raised = String::new();
    for c in text.chars() {
        if let Some(sign) = RAISED.iter().position(|known| *known == c) {
            raised.push(LOWERED[sign]);
            continue;
        }
        flush(&mut out, &mut raised);
        match MATHS.iter().find(|(known, _)| *known == c) {
            Some((_, maths)) => out += &format!("${maths}$"),
            None => match c {
                '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                    out.push('\\');
                    out.push(c);
                }
                '~' => out += "\\textasciitilde{}",
                '^' => out += "\\textasciicircum{}",
                '\\' => out += "\\textbackslash{}",
                '–' => out += "--",
                '…' => out += "\\dots{}",
                c if c.is_control() => out.push(' '),
                c => out.push(c),
            },
        }
    }
    flush(&mut out, &mut raised);
    out
}

fn flush(out: &mut String, raised: &mut String) {
    if !raised.is_empty() {
        *out += &format!("$^{{{raised}}}$");
        raised.clear();
    }
}

const RAISED: [char; 11] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹', '⁻'];
const LOWERED: [char; 11] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '-'];

/// Signs that stand in mathematics.
const MATHS: [(char, &str); 16] = [
    ('−', "-"),
    ('±', "\\pm"),
    ('×', "\\times"),
    ('<', "<"),
    ('>', ">"),
    ('|', "|"),
    ('≤', "\\leq"),
    ('≥', "\\geq"),
    ('α', "\\alpha"),
    ('β', "\\beta"),
    ('λ', "\\lambda"),
    ('ρ', "\\rho"),
    ('τ', "\\tau"),
    ('σ', "\\sigma"),
    ('Δ', "\\Delta"),
    ('√', "\\surd"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::NodeIndex;
    use crate::report::draw::data::Data;
    use crate::report::page::table::{Head, Row};

    fn table() -> Table {
        let head = |text: &str, number| Head { text: text.to_owned(), number };
        let cell = |text: &str, sort, top| Cell { text: text.to_owned(), sort, number: sort.is_some(), top };
        let row = |cells: [Cell; 4]| Row { unit: None, node: NodeIndex::from(0), cells: cells.to_vec() };
        Table {
            title: "by_layer".to_owned(),
            heads: vec![
                head("layer_name", false),
                head("R², mean ± SEM", true),
                head("penalty", true),
                head("units", true),
            ],
            rows: vec![
                row([
                    cell("features.9 & 100%", None, false),
                    cell(".335 ± .010", Some(0.335), true),
                    cell(".25", Some(0.25), false),
                    cell("1,200", Some(1200.0), false),
                ]),
                row([
                    cell("a|b\\c", None, false),
                    cell("−.100 ± .020", Some(-0.1), false),
                    cell("1,000.125", Some(1000.125), false),
                    cell("–", None, false),
                ]),
            ],
            data: {
                let mut data = Data::of(["layer_name", "mean"]);
                data.row(["features.9".to_owned(), "0.33512".to_owned()]);
                data
            },
            definitions: vec![("R²".to_owned(), "explained\nvariance, 100 %".to_owned())],
            ..Table::default()
        }
    }

    #[test]
    fn latex_is_escaped_and_columns_have_equal_digits() {
        assert_eq!(
            tex(&table()),
            "% by_layer; needs \\usepackage{booktabs}.\n\
             \\begin{tabular}{lrrr}\n  \\toprule\n\
             \u{20}\u{20}layer\\_name & R$^{2}$, mean $\\pm$ SEM & penalty & units \\\\\n  \\midrule\n\
             \u{20}\u{20}features.9 \\& 100\\% & \\textbf{.335 $\\pm$ .010} & .250 & 1,200 \\\\\n\
             \u{20}\u{20}a$|$b\\textbackslash{}c & $-$.100 $\\pm$ .020 & 1,000.125 & -- \\\\\n\
             \u{20}\u{20}\\bottomrule\n\\end{tabular}\n% R²: explained variance, 100 %\n"
        );
    }

    #[test]
    fn markdown_keeps_its_columns() {
        assert_eq!(
            markdown(&table()),
            "| layer_name | R², mean ± SEM | penalty | units |\n| --- | ---: | ---: | ---: |\n\
             | features.9 & 100% | **.335 ± .010** | .250 | 1,200 |\n\
             | a\\|b\\\\c | −.100 ± .020 | 1,000.125 | – |\n\nR²: explained variance, 100 %\n"
        );
    }

    #[test]
    fn numbers_keep_every_digit_in_csv() {
        assert_eq!(csv(&table()), "layer_name,mean\nfeatures.9,0.33512\n");
    }

    #[test]
    fn decimals_are_as_many_as_a_column_needs() {
        assert_eq!(
            [".25", "−1,200.5", "12", "2 × 10⁴", "–", ""].map(plain),
            [Some(2), Some(1), Some(0), None, None, None]
        );
        assert_eq!(
            (fixed(-0.0001, 2), fixed(-1234.5, 1), fixed(0.5, 3)),
            (".00".into(), "−1,234.5".into(), ".500".into())
        );
    }
}
