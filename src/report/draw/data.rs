//! The numbers behind a chart, as a reader takes them along.

/// A small table of texts, in the order in which the chart draws them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Data {
    /// A table without rows.
    pub fn of<H: Into<String>>(heads: impl IntoIterator<Item = H>) -> Self {
        Self { heads: heads.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row; as long as the heads are.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// As RFC 4180 has it: commas, quotes where a cell needs them.
    pub fn csv(&self) -> String {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        for line in std::iter::once(&self.heads).chain(&self.rows) {
            writer.write_record(line).expect("memory takes everything");
        }
        let bytes = writer.into_inner().expect("memory takes everything");
        String::from_utf8(bytes).expect("texts are UTF-8")
    }

    /// The table as an address that a browser saves without asking anybody.
    pub fn address(&self) -> String {
        format!("data:text/csv;charset=utf-8,{}", crate::text::address::data(&self.csv()))
    }
}

/// A number as a program reads it again: every digit it has, and no more.
pub fn cell(x: f64) -> String {
    if !x.is_finite() {
        String::new()
    } else if x == 0.0 || (1e-5..1e15).contains(&x.abs()) {
        format!("{x}")
    } else {
        format!("{x:e}")
    }
}

/// The same of a number that may be absent.
pub fn maybe(x: Option<f64>) -> String {
    x.map(cell).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_need_quotes_have_them() {
        let mut data = Data::of(["unit", "r"]);
        data.row(["a \"b\", c".to_owned(), cell(-0.25)]);
        data.row(["ü\nv".to_owned(), maybe(None)]);
        assert_eq!(data.csv(), "unit,r\n\"a \"\"b\"\", c\",-0.25\n\"ü\nv\",\n");
        assert_eq!(data.len(), 2);
        let address = data.address();
        assert!(address.starts_with("data:text/csv;charset=utf-8,unit,r%0A%22a%20%22%22b%22%22,%20c%22,-0.25%0A"));
        assert!(address.is_ascii() && !address.contains(['"', '<', '&', ' ', '#']));
    }

    #[test]
    fn numbers_read_again_as_they_were() {
        for x in [0.1 + 0.2, 1e-9, -3.5e22, 12.0, 0.0] {
            assert_eq!(cell(x).parse::<f64>(), Ok(x), "{}", cell(x));
        }
        assert_eq!(cell(f64::NAN), "");
    }
}
