//! How a text lays out a table: what stands between cells, and what before the fractions of a number.

/// What is known about a table's text; what is not given is read from the text itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dialect {
    /// What stands between cells: `,`, `;`, `|`, a tab or, in tables of numbers, blanks.
    pub separator: Option<char>,
    /// What stands before a number's fraction: `.` or `,`.
    pub decimal: Option<char>,
}
