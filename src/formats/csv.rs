//! Tables as text, with commas, semicolons, tabs or bars between their cells: of numbers, or of words in named columns.

use std::path::Path;

use csv::StringRecord;

use crate::formats::array::{Array, Order};
use crate::formats::column::Column;
use crate::formats::dialect::{Cells, Dialect};
use crate::formats::ids::{self, Look, Sort};
use crate::formats::{name_of, text};

/// A table of words in named columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// What the reader took for granted, in users' words.
    pub notes: Vec<String>,
}

impl Words {
    /// Reads a table whose first line names the columns.
    pub fn read(path: &Path, dialect: &Dialect) -> Result<Self, String> {
        let text = text::read(path)?;
        let cells = dialect.words(&text.text).map_err(|problem| format!("{} {problem}", name_of(path)))?;
        let notes = note(path, &cells, text.utf_16, dialect).into_iter().collect();
        let mut records = cells.records.into_iter();
        let columns = records.next().ok_or_else(|| format!("{} is empty", name_of(path)))?;
        let words = |record: StringRecord| record.iter().map(str::to_owned).collect();
        Ok(Self { columns: words(columns), rows: records.map(words).collect(), notes })
    }

    /// A column's place by name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }
}

/// Reads a table of numbers. A first line that is not all numbers names the columns, and so does one that only counts
/// them (0, 1, 2 … as pandas writes). Which column names the rows: `formats/ids.rs`. Empty cells, `nan`, `NA` and `n/a`
/// are NaN.
pub fn read_array(path: &Path, dialect: &Dialect, id_column: Option<&str>) -> Result<Array, String> {
    let file = name_of(path);
    let text = text::read(path)?;
    let mut cells = dialect.numbers(&text.text).map_err(|problem| format!("{file} {problem}"))?;
    let width = cells.records.first().map_or(0, StringRecord::len);
    if width == 0 {
        return Err(format!("{file} is empty"));
    }
    let header = is_header(&cells, &file)?.then(|| cells.records.remove(0));
    if cells.records.is_empty() {
        let line = header.iter().flat_map(StringRecord::iter).take(4).collect::<Vec<_>>().join(" ");
        return Err(format!("{file} is a text of one line (`{}`), which holds no rows of numbers", shortened(&line)));
    }
    let looks: Vec<Look<'_>> =
        (0..width).map(|column| look(&cells, column, header.as_ref().map(|header| &header[column]))).collect();
    let choice = ids::choose(&looks, id_column, &file)?;
    let kept: Vec<usize> = (0..width).filter(|column| choice.numbers.contains(column)).collect();
    if kept.is_empty() {
        return Err(format!("{file} holds no column of numbers; its columns are names or words"));
    }
    let mut data = Vec::with_capacity(cells.records.len() * kept.len());
    for (row, record) in cells.records.iter().enumerate() {
        for &column in &kept {
            data.push(cells.number(&record[column]).ok_or_else(|| {
                let line = record.position().map_or(row + 1 + usize::from(header.is_some()), |at| at.line() as usize);
                let way_out = header.as_ref().map(|header| ids::way_out(&header[column])).unwrap_or_default();
                let cell = &record[column];
                format!(
                    "{file} holds `{cell}` in line {line}, column {}, where a number is expected{way_out}",
                    column + 1
                )
            })?);
        }
    }
    let shape = vec![cells.records.len(), kept.len()];
    let mut array = Array::new(shape, data, Order::RowMajor).expect("the reader holds every line to one width");
    let columns = header.map(|header| kept.iter().map(|&column| header[column].to_owned()).collect::<Vec<_>>());
    array.columns = columns.filter(|names| !counts(names));
    if let Some(column) = choice.rows {
        let name = |record: &StringRecord| whole_text(&record[column]).to_owned();
        array.rows = Some(ids::checked(cells.records.iter().map(name).collect(), &file)?);
    }
    array.notes = note(path, &cells, text.utf_16, dialect).into_iter().chain(choice.notes).collect();
    Ok(array)
}

/// Reads a table of numbers and words in columns. The first line names them unless it is all numbers.
pub fn read_columns(path: &Path, dialect: &Dialect) -> Result<(Vec<Column>, Vec<String>), String> {
    let file = name_of(path);
    let text = text::read(path)?;
    let of = |problem: String| format!("{file} {problem}");
    let width = |cells: &Cells| cells.records.first().map_or(0, StringRecord::len);
    let mut cells = dialect.numbers(&text.text).map_err(of)?;
    // Words alone: no column of numbers told how the text is split.
    if width(&cells) == 1
        && let Ok(words) = dialect.words(&text.text)
        && width(&words) > 1
    {
        cells = words;
    }
    if width(&cells) == 0 {
        return Err(format!("{file} is empty"));
    }
    let header = is_header(&cells, &file)?.then(|| cells.records.remove(0));
    let column = |at: usize| {
        let heading = header.as_ref().map(|header| header[at].to_owned());
        let texts: Vec<String> = cells.records.iter().map(|record| record[at].to_owned()).collect();
        let numbers = texts.iter().map(|text| cells.wide(text)).collect();
        Column { heading, texts, numbers }
    };
    let width = header.as_ref().or(cells.records.first()).map_or(0, StringRecord::len);
    let columns = (0..width).map(column).collect();
    Ok((columns, note(path, &cells, text.utf_16, dialect).into_iter().collect()))
}

/// What is said of a text that is not in the plain form.
fn note(path: &Path, cells: &Cells, utf_16: bool, dialect: &Dialect) -> Option<String> {
    let shown = cells.shown().filter(|_| dialect.separator.is_none() || dialect.decimal.is_none());
    let ways = match (shown, utf_16) {
        (None, false) => return None,
        (None, true) => "as UTF-16".to_owned(),
        (Some(shown), false) => format!("with {shown}"),
        (Some(shown), true) => format!("as UTF-16, with {shown}"),
    };
    let way_out = if cells.shown().is_some() { "; `separator` and `decimal` say otherwise" } else { "" };
    Some(format!("`{}` is read {ways}{way_out}", name_of(path)))
}

/// A text as a message can hold it.
fn shortened(text: &str) -> String {
    if text.chars().count() > 40 { text.chars().take(40).chain(['…']).collect() } else { text.to_owned() }
}

/// Whether the first line names the columns; where it may be a row as well, nobody can know.
fn is_header(cells: &Cells, file: &str) -> Result<bool, String> {
    let (first, body) = (&cells.records[0], &cells.records[1..]);
    let names: Vec<String> = first.iter().map(str::to_owned).collect();
    if first[0].is_empty() || (names.len() > 1 && counts(&names)) {
        return Ok(true);
    }
    if first.iter().all(|cell| cells.number(cell).is_some()) {
        return Ok(false);
    }
    // A name and numbers, as every row below: a row itself, unless its numbers may be names of columns.
    let is_row = |row: &StringRecord| {
        row.len() > 1 && cells.number(&row[0]).is_none() && row.iter().skip(1).all(|cell| cells.number(cell).is_some())
    };
    if ids::is_heading(&first[0]) || body.is_empty() || !is_row(first) || !body.iter().all(is_row) {
        return Ok(true);
    }
    let whole = |row: &StringRecord| row.iter().skip(1).all(is_digits);
    let mut rest: Vec<&str> = first.iter().skip(1).collect();
    rest.sort_unstable();
    if !whole(first) || rest.windows(2).any(|pair| pair[0] == pair[1]) {
        return Ok(false);
    }
    if !body.iter().all(whole) {
        return Ok(true);
    }
    let shown: Vec<String> = first.iter().take(4).map(|cell| format!("`{cell}`")).collect();
    Err(format!(
        "{file} can be read in two ways: its first line, {}, may be headings or a row; put `id` into the first cell of a line \
         of headings",
        shown.join(" | ")
    ))
}

fn look<'a>(cells: &Cells, column: usize, heading: Option<&'a str>) -> Look<'a> {
    let each = || cells.records.iter().map(move |record| &record[column]);
    let missing = |cell: &str| cells.number(cell).is_some_and(f32::is_nan);
    let all = |test: &dyn Fn(&str) -> bool| each().filter(|cell| !missing(cell)).all(test);
    let sort = if each().all(missing) {
        Sort::Missing
    } else if all(&|cell| is_digits(whole_text(cell))) {
        Sort::Whole { plain: all(&is_digits) }
    } else if all(&|cell| cells.number(cell).is_some()) {
        Sort::Numbers
    } else if each().all(|cell| cells.number(cell).is_none()) {
        Sort::Words
    } else {
        Sort::Mixed
    };
    let distinct = || each().collect::<std::collections::HashSet<_>>().len() == cells.records.len();
    let whole = matches!(sort, Sort::Whole { .. });
    Look {
        heading,
        sort,
        rows: cells.records.len(),
        fractions: each().filter(|cell| !missing(cell) && !is_digits(cell.trim_start_matches('-'))).count(),
        distinct: whole && distinct(),
        counts: whole && each().enumerate().all(|(at, cell)| cell.parse() == Ok(at)),
    }
}

fn is_digits(cell: &str) -> bool {
    !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit())
}

/// A name without the fraction that pandas gives whole numbers beside missing ones.
fn whole_text(cell: &str) -> &str {
    cell.strip_suffix(".0").filter(|whole| is_digits(whole)).unwrap_or(cell)
}

/// Whether names only count: 0, 1, 2 …
fn counts(names: &[String]) -> bool {
    names.iter().enumerate().all(|(at, name)| name.parse() == Ok(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(bytes: &[u8], dialect: &Dialect, id_column: Option<&str>) -> Result<Array, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        std::fs::write(&path, bytes).unwrap();
        read_array(&path, dialect, id_column)
    }

    fn array(text: &str) -> Result<Array, String> {
        with(text.as_bytes(), &Dialect::default(), None)
    }

    fn names(names: &[&str]) -> Option<Vec<String>> {
        Some(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn names_are_told_from_numbers() {
        let plain = array("1,2\n3,4.5\n").unwrap();
        assert_eq!(
            (plain.shape, plain.data, plain.rows, plain.columns),
            (vec![2, 2], vec![1., 2., 3., 4.5], None, None)
        );
        let named = array("id,a,b\nx,1,2\ny,3,\n").unwrap();
        assert_eq!(named.shape, [2, 2]);
        assert_eq!(named.rows, names(&["x", "y"]));
        assert_eq!(named.columns, names(&["a", "b"]));
        assert!(named.data[3].is_nan());
        assert_eq!(named.notes, [""; 0]);
    }

    #[test]
    fn the_counters_that_pandas_writes_are_no_data() {
        let pandas = array(",0,1,2\n0,5,6,7\n1,8,9,10\n").unwrap();
        assert_eq!((pandas.shape, pandas.rows, pandas.columns), (vec![2, 3], None, None));
        assert_eq!(pandas.data, [5.0, 6.0, 7.0, 8.0, 9.0, 10.0]);
        assert_eq!(array("0,1,2\n5,6,7\n").unwrap().shape, [1, 3]);
        let both = array(",stimulus_id,V1\n0,071,0.5\n1,9,1\n").unwrap();
        assert_eq!((both.shape, both.rows, both.columns), (vec![2, 1], names(&["071", "9"]), names(&["V1"])));
    }

    #[test]
    fn what_is_no_number_is_named_with_its_place() {
        assert!(array("a,b\n1,2\n3,four\n").unwrap_err().contains("`four` in line 3, column 2"));
        assert_eq!(
            array("1,2\n3\n").unwrap_err(),
            "x.csv does not read: line 2 has 1 cell where the first has 2 cells, with `,` between them; `separator` says another"
        );
        assert!(array("").unwrap_err().contains("is empty"));
        assert!(array("id\nx\ny\n").unwrap_err().contains("no column of numbers"));
        assert!(with(b"a,b\n1,\xfc\n", &Dialect::default(), None).unwrap_err().contains("line 2 is neither UTF-8"));
    }

    #[test]
    fn the_dialects_of_spreadsheets_give_the_same_numbers() {
        let plain = array("id,a,b\nx,0.5,-1.25\ny,,3\n").unwrap();
        let same = |bytes: &[u8], note: &str| {
            let read = with(bytes, &Dialect::default(), None).unwrap();
            assert_eq!((&read.shape, &read.rows, &read.columns), (&plain.shape, &plain.rows, &plain.columns), "{note}");
            assert_eq!(
                read.data.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
                plain.data.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
            );
            assert_eq!(read.notes, if note.is_empty() { vec![] } else { vec![note.to_owned()] });
        };
        let says = "; `separator` and `decimal` say otherwise";
        same(b"\xef\xbb\xbfid,a,b\r\nx,0.5,-1.25\r\ny,n/a,3\r\n", "");
        same(b"id;a;b\nx;0.5;-1.25\ny;NA;3\n", &format!("`x.csv` is read with `;` between cells{says}"));
        same(
            b"id;a;b\nx;0,5;-1,25\ny;;3\n",
            &format!("`x.csv` is read with `;` between cells and a decimal comma{says}"),
        );
        same(b"id\ta\tb\nx\t0.5\t-1.25\ny\tn/a\t3\n", &format!("`x.csv` is read with tabs between cells{says}"));
        same(b"sep=|\nid|a|b\nx|0.5|-1.25\ny||3\n", &format!("`x.csv` is read with `|` between cells{says}"));
        same(b"id,a,b\nx,\"0,5\",\"-1,25\"\ny,,3\n", &format!("`x.csv` is read with a decimal comma{says}"));
        let wide = |big: bool| {
            let text = "\u{feff}id\ta\tb\r\nx\t0,5\t-1,25\r\ny\t\t3\r\n";
            text.encode_utf16()
                .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
                .collect::<Vec<u8>>()
        };
        for big in [false, true] {
            same(&wide(big), &format!("`x.csv` is read as UTF-16, with tabs between cells and a decimal comma{says}"));
        }
        let blanks = array("# a b\n0.5 -1.25\n1e3   3\n").unwrap();
        assert_eq!((blanks.columns, blanks.data), (names(&["a", "b"]), vec![0.5, -1.25, 1000.0, 3.0]));
        assert_eq!(array("rate\n0,5\n1,25\n").unwrap().data, [0.5, 1.25]);
        assert_eq!(array("0,5;1,5\n2,5;3,5\n").unwrap().data, [0.5, 1.5, 2.5, 3.5]);
    }

    #[test]
    fn what_reads_in_two_ways_is_refused_and_both_are_shown() {
        let both = array("x;1,2\ny;3,4\n").unwrap_err();
        assert!(both.contains("with `,` between cells its last row is `y;3` | `4`"), "{both}");
        assert!(both.contains("with `;` between cells and a decimal comma its last row is `y` | `3,4`"), "{both}");
        let thousands = "a;b\n1,234;2\n5,678;3\n";
        assert!(array(thousands).unwrap_err().contains("`1,234` may be 1.234 or 1234"));
        let decimal = Dialect { decimal: Some(','), ..Dialect::default() };
        assert_eq!(with(thousands.as_bytes(), &decimal, None).unwrap().data, [1.234, 2.0, 5.678, 3.0]);
        assert!(array("a;b\n1,5;2.5\n").unwrap_err().contains("it holds `2.5` and `1,5`"));
        assert!(array("0,05\n1,25\n").unwrap_err().contains("`0,05` may be two cells or one number"));
        assert!(array("x,3,4\ny,5,6\n").unwrap_err().contains("may be headings or a row"));
        assert_eq!(array("x,0.5,4\ny,5,6\n").unwrap().rows, names(&["x", "y"]));
        let comma = Dialect { separator: Some(','), decimal: Some(',') };
        assert!(with(b"1,2\n", &comma, None).unwrap_err().contains("cannot be both"));
    }

    #[test]
    fn a_column_of_numbers_that_names_the_rows_is_none_of_the_numbers() {
        let first = array("nsd_id,V1,V2\n71515,1,0.5\n00584,3,4\n").unwrap();
        assert_eq!((first.rows, first.columns), (names(&["71515", "00584"]), names(&["V1", "V2"])));
        assert_eq!(first.data, [1.0, 0.5, 3.0, 4.0]);
        assert_eq!(
            first.notes,
            [
                "`x.csv`: the first column, `nsd_id`, is taken for the names of its rows; `id_column: none` makes it numbers"
            ]
        );
        let later = array("V1,Image\n0.5,3\n1.5,1\n").unwrap();
        assert_eq!((later.rows, later.data), (names(&["3", "1"]), vec![0.5, 1.5]));
        let text = "nr,V1,V2\n17,1.5,0.25\n3,2.5,4\n11,0.5,1.25\n8,1.75,2.5\n";
        assert_eq!(array(text).unwrap().rows, names(&["17", "3", "11", "8"]));
        let none = with(text.as_bytes(), &Dialect::default(), Some("none")).unwrap();
        assert_eq!((none.shape, none.rows), (vec![4, 3], None));
        let counts = array("a,b\n1,20\n3,5\n4,7\n9,8\n").unwrap();
        assert_eq!((counts.shape, counts.notes.len()), (vec![4, 2], 0));
    }

    #[test]
    fn two_columns_that_may_name_the_rows_are_a_question() {
        let text = "subject_id,image_id,V1\n1,7,0.5\n1,9,0.25\n";
        assert_eq!(
            array(text).unwrap_err(),
            "x.csv has 2 columns that may name its rows, `subject_id` and `image_id`; say which with `id_column` (the others are \
             then left out), or `id_column: none`, which makes them numbers"
        );
        let chosen = with(text.as_bytes(), &Dialect::default(), Some("image_id")).unwrap();
        assert_eq!((chosen.rows, chosen.columns), (names(&["7", "9"]), names(&["V1"])));
        assert_eq!(chosen.notes, ["`x.csv`: `subject_id` is left out: it names something, or is no column of numbers"]);
        let wrong = with(text.as_bytes(), &Dialect::default(), Some("imageid")).unwrap_err();
        assert!(wrong.contains("has no column `imageid`") && wrong.contains("did you mean `image_id`?"), "{wrong}");
        let missing = array("id,a\n1,2\n,4\n").unwrap_err();
        assert_eq!(missing, "x.csv has no name in row 2 of 2");
    }

    #[test]
    fn a_text_of_one_line_is_no_table() {
        let error = array("no array").unwrap_err();
        assert_eq!(error, "x.csv is a text of one line (`no array`), which holds no rows of numbers");
        assert!(array("id,u,v\n").unwrap_err().contains("(`id u v`)"));
    }
}
