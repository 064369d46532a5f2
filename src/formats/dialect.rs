//! How a text lays out a table: what stands between cells, and what before the fractions of a number.
//!
//! Both are read from the text where nobody says them. A wrong guess would give wrong numbers, so that a text which
//! reads in two ways is refused, and both are shown.

use csv::{ReaderBuilder, StringRecord, Trim};

/// What is known about a table's text; what is not given is read from the text itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dialect {
    /// What stands between cells: `,`, `;`, `|`, a tab or, in tables of numbers, blanks.
    pub separator: Option<char>,
    /// What stands before a number's fraction: `.` or `,`.
    pub decimal: Option<char>,
}

/// A text in cells, all rows of one width.
#[derive(Clone, Debug)]
pub struct Cells {
    pub records: Vec<StringRecord>,
    pub separator: char,
    pub decimal: char,
}

const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];
/// Stands between no two cells of any text: a table of one column.
const NONE: char = '\u{1f}';

impl Dialect {
    /// Splits a table of words. Problems read on from the file's name.
    pub fn words(&self, text: &str) -> Result<Cells, String> {
        let (dialect, text) = self.prepared(text)?;
        let cells = |separator, records| Cells { records, separator, decimal: '.' };
        if let Some(separator) = dialect.separator {
            return Ok(cells(separator, split(text, separator)?));
        }
        let mut fitting = fitting(text, &SEPARATORS);
        match fitting.len() {
            0 => Ok(cells(',', split(text, ',')?)),
            1 => {
                let (separator, records) = fitting.remove(0);
                Ok(cells(separator, records))
            }
            _ => Err(two_ways(&[(fitting[0].0, '.', &fitting[0].1), (fitting[1].0, '.', &fitting[1].1)])),
        }
    }

    /// Splits a table of numbers, among which may be columns of words.
    pub fn numbers(&self, text: &str) -> Result<Cells, String> {
        let (dialect, text) = self.prepared(text)?;
        let fitting = match dialect.separator {
            Some(separator) => vec![(separator, split(text, separator)?)],
            None => fitting(text, &[SEPARATORS.as_slice(), &[' ']].concat()),
        };
        let mut readings: Vec<Cells> = Vec::new();
        for (separator, records) in fitting {
            if separator == ' ' && dialect.separator.is_none() && !readings.is_empty() {
                continue;
            }
            let decimal = match dialect.decimal {
                Some(decimal) => Some(decimal),
                None => decimal(&records, separator)?,
            };
            // Words alone say nothing about a text that is told to be one of numbers.
            if let Some(decimal) = decimal.or(dialect.separator.map(|_| '.')) {
                readings.push(Cells { records, separator, decimal });
            }
        }
        let whole: Vec<usize> = (0..readings.len()).filter(|&at| readings[at].is_numeric()).collect();
        match (&whole[..], readings.len()) {
            (&[one], _) => Ok(readings.swap_remove(one)),
            ([], 1) => Ok(readings.swap_remove(0)),
            ([], 0) => dialect.one_column(text),
            (many, _) => {
                let (a, b) = (many.first().copied().unwrap_or(0), many.get(1).copied().unwrap_or(1));
                let shown = |at: usize| (readings[at].separator, readings[at].decimal, &readings[at].records);
                Err(two_ways(&[shown(a), shown(b)]))
            }
        }
        .and_then(|cells| dialect.checked(cells))
    }

    /// Reads what the text says about itself, and refuses a dialect that makes no sense.
    fn prepared<'a>(&self, text: &'a str) -> Result<(Self, &'a str), String> {
        let mut dialect = *self;
        let mut text = text;
        // Excel reads, and some programs write, a first line that says the separator.
        let line = text.lines().next().unwrap_or_default();
        if let Some(separator) = line.strip_prefix("sep=").and_then(|rest| rest.chars().next()) {
            dialect.separator.get_or_insert(separator);
            text = text[line.len()..].trim_start_matches(['\r', '\n']);
        }
        // NumPy's savetxt and others put `#` before headings.
        text = text.strip_prefix('#').map_or(text, |rest| rest.trim_start_matches(' '));
        match (dialect.separator, dialect.decimal) {
            (_, Some(decimal)) if !matches!(decimal, '.' | ',') => {
                Err(format!("does not read: `decimal` is `.` or `,`, but `{decimal}` is given"))
            }
            (Some(a), Some(b)) if a == b => {
                Err(format!("does not read: `{a}` cannot be both `separator` and `decimal`"))
            }
            (Some(separator), _) if !separator.is_ascii() || separator.is_ascii_alphanumeric() || separator == '"' => {
                Err(format!("does not read: `separator` is one of `,`, `;`, `|`, a tab or a blank, not `{separator}`"))
            }
            _ => Ok((dialect, text)),
        }
    }

    /// A text that no separator splits evenly: one column, perhaps of numbers with a decimal comma.
    fn one_column(&self, text: &str) -> Result<Cells, String> {
        let records = split(text, NONE)?;
        // A first line that holds a comma would itself be a row: then two cells are as likely as one number.
        let headed = records.first().is_some_and(|heading| self.decimal.is_some() || !heading[0].contains(','));
        let numeric = body(&records).iter().all(|row| number(&row[0], ',').is_some());
        if self.decimal != Some('.') && headed && numeric {
            return Ok(Cells { records, separator: ',', decimal: ',' });
        }
        Ok(Cells { records: split(text, ',')?, separator: ',', decimal: self.decimal.unwrap_or('.') })
    }

    /// Refuses numbers that mean one thing with a decimal sign and another with thousands set apart.
    fn checked(&self, cells: Cells) -> Result<Cells, String> {
        if self.decimal.is_none() && (cells.decimal == ',' || cells.separator == ';') {
            let sign = cells.decimal;
            let mut signed = body(&cells.records).iter().flatten().filter(|cell| cell.contains(sign)).peekable();
            let first = signed.peek().copied().unwrap_or_default().to_owned();
            if signed.peek().is_some() && signed.all(|cell| is_grouped(cell, sign)) {
                let plain = first.replace(sign, "");
                return Err(format!(
                    "can be read in two ways: `{first}` may be {} or {plain}; `decimal: \"{sign}\"` says the first; for the \
                     second, write numbers without signs between thousands",
                    first.replacen(sign, ".", 1)
                ));
            }
        }
        if self.separator.is_none() && cells.separator == ',' && cells.decimal == '.' {
            let rows = &cells.records;
            let digits = |cell: &str| !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit());
            let pairs = rows.iter().all(|r| r.len() == 2 && digits(r[0].trim_start_matches('-')) && digits(&r[1]));
            let cut =
                rows.iter().find(|row| pairs && (&row[0] == "-0" || (row[1].len() > 1 && row[1].starts_with('0'))));
            if let Some(row) = cut {
                return Err(format!(
                    "can be read in two ways: `{},{}` may be two cells or one number with a decimal comma; `separator: \",\"` \
                     says the first; for the second, give the column a heading, or say `separator: \";\"` and `decimal: \",\"`",
                    &row[0], &row[1]
                ));
            }
        }
        Ok(cells)
    }
}

impl Cells {
    /// A cell's number; a missing one is NaN.
    pub fn number(&self, cell: &str) -> Option<f32> {
        self.wide(cell).map(|x| x as f32)
    }

    /// The same in 64 bits.
    pub fn wide(&self, cell: &str) -> Option<f64> {
        number(cell, self.decimal)
    }

    /// How the text is read, where it is not the plain form: in words that follow "is read with".
    pub fn shown(&self) -> Option<String> {
        match (self.separator, self.decimal) {
            (',', '.') => None,
            (',', _) => Some("a decimal comma".to_owned()),
            (separator, '.') => Some(format!("{} between cells", called(separator))),
            (separator, _) => Some(format!("{} between cells and a decimal comma", called(separator))),
        }
    }

    /// Whether every column but the first is one of numbers.
    fn is_numeric(&self) -> bool {
        body(&self.records).iter().all(|row| row.iter().skip(1).all(|cell| self.number(cell).is_some()))
    }
}

/// A cell as a number; `None` where it is none.
fn number(cell: &str, decimal: char) -> Option<f64> {
    const MISSING: [&str; 5] = ["", "na", "n/a", "#n/a", "nan"];
    if cell.len() <= 4 && MISSING.contains(&cell.to_ascii_lowercase().as_str()) {
        return Some(f64::NAN);
    }
    match decimal {
        ',' if cell.contains('.') => None,
        ',' => cell.replace(',', ".").parse().ok(),
        _ => cell.parse().ok(),
    }
}

/// The rows below what may be headings.
fn body(records: &[StringRecord]) -> &[StringRecord] {
    if records.len() > 1 { &records[1..] } else { records }
}

/// The separators that split all rows alike, into two cells at least, with what they give.
fn fitting(text: &str, separators: &[char]) -> Vec<(char, Vec<StringRecord>)> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let there = separators.iter().copied().filter(|&separator| first.contains(separator));
    there
        .filter_map(|separator| Some((separator, split(text, separator).ok()?)))
        .filter(|(_, records)| records.first().is_some_and(|record| record.len() > 1))
        .collect()
}

/// The decimal sign of a table, `.` where there are no fractions at all; `None` where no column is one of numbers.
fn decimal(records: &[StringRecord], separator: char) -> Result<Option<char>, String> {
    let (mut point, mut comma, mut numeric) = (None, None, false);
    for column in 0..records.first().map_or(0, StringRecord::len) {
        let cells = || body(records).iter().map(|row| &row[column]);
        if !cells().all(|cell| number(cell, '.').is_some() || number(cell, ',').is_some()) {
            continue;
        }
        numeric = true;
        point = point.or_else(|| cells().find(|cell| number(cell, ',').is_none()));
        comma = comma.or_else(|| cells().find(|cell| number(cell, '.').is_none()));
    }
    match (point, comma) {
        (Some(point), Some(comma)) => Err(format!(
            "can be read in two ways: with {} between cells it holds `{point}` and `{comma}`; one sign stands before \
             fractions, which `decimal` says",
            called(separator)
        )),
        (None, Some(_)) => Ok(Some(',')),
        _ => Ok(numeric.then_some('.')),
    }
}

/// Whether a number may have thousands set apart: `1,234`, but not `0,234` or `1,23`.
fn is_grouped(cell: &str, sign: char) -> bool {
    let mut groups = cell.trim_start_matches('-').split(sign);
    let first = groups.next().unwrap_or_default();
    let digits = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    (1..=3).contains(&first.len())
        && digits(first)
        && !first.starts_with('0')
        && groups.all(|g| g.len() == 3 && digits(g))
}

fn split(text: &str, separator: char) -> Result<Vec<StringRecord>, String> {
    let uneven = |line: u64, here: usize, first: usize| {
        let cells = |n: usize| format!("{n} {}", if n == 1 { "cell" } else { "cells" });
        format!(
            "does not read: line {line} has {} where the first has {}, with {} between them; `separator` says another",
            cells(here),
            cells(first),
            called(separator)
        )
    };
    if separator == ' ' {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let records: Vec<(usize, StringRecord)> =
            lines.map(|(at, line)| (at + 1, line.split_whitespace().collect::<StringRecord>())).collect();
        let width = records.first().map_or(0, |(_, record)| record.len());
        return match records.iter().find(|(_, record)| record.len() != width) {
            Some((line, record)) => Err(uneven(*line as u64, record.len(), width)),
            None => Ok(records.into_iter().map(|(_, record)| record).collect()),
        };
    }
    let mut reader =
        ReaderBuilder::new().has_headers(false).trim(Trim::All).delimiter(separator as u8).from_reader(text.as_bytes());
    reader
        .records()
        .map(|record| {
            record.map_err(|error| match error.kind() {
                csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
                    uneven(pos.as_ref().map_or(1, csv::Position::line), *len as usize, *expected_len as usize)
                }
                _ => format!("does not read: {error}"),
            })
        })
        .collect()
}

fn called(separator: char) -> String {
    match separator {
        '\t' => "tabs".to_owned(),
        ' ' => "blanks".to_owned(),
        NONE => "nothing".to_owned(),
        other => format!("`{other}`"),
    }
}

/// What to say of a text that reads in two ways.
fn two_ways(readings: &[(char, char, &Vec<StringRecord>); 2]) -> String {
    let shown = |(separator, decimal, records): &(char, char, &Vec<StringRecord>)| {
        let row = records.last().map(|row| row.iter().take(4).map(|cell| format!("`{cell}`")).collect::<Vec<_>>());
        let comma = if *decimal == ',' { " and a decimal comma" } else { "" };
        format!(
            "with {} between cells{comma} its last row is {}",
            called(*separator),
            row.unwrap_or_default().join(" | ")
        )
    };
    format!("can be read in two ways: {}, {}; say which with `separator`", shown(&readings[0]), shown(&readings[1]))
}
