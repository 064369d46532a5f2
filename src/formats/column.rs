//! A column of a table as a file has it: every cell as text, and as a number where all of them are numbers.

use std::collections::HashSet;

use crate::formats::ids::{Look, Sort};

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// What stands above it, if anything.
    pub heading: Option<String>,
    /// Its cells as they are written; numbers of other files in as few digits as tell them apart.
    pub texts: Vec<String>,
    /// The same as numbers, NaN where one is missing; `None` where a cell is none.
    pub numbers: Option<Vec<f64>>,
}

impl Column {
    /// A column of words.
    pub fn words(heading: Option<String>, texts: Vec<String>) -> Self {
        Self { heading, texts, numbers: None }
    }

    /// A column of numbers.
    pub fn numbers(heading: Option<String>, numbers: Vec<f64>) -> Self {
        let text = |x: &f64| if x.is_nan() { String::new() } else { format!("{x:?}") };
        Self { heading, texts: numbers.iter().map(text).collect(), numbers: Some(numbers) }
    }

    /// The same of numbers that a reader rounded to 32 bits: each is the shortest decimal that comes to it.
    pub fn rounded(heading: Option<String>, numbers: &[f32]) -> Self {
        let wide = |x: &f32| format!("{x:?}").parse::<f64>().unwrap_or(f64::from(*x));
        Self::numbers(heading, numbers.iter().map(wide).collect())
    }

    /// Its cells as names: whole numbers without a fraction.
    pub fn names(&self) -> Vec<String> {
        self.texts.iter().map(|text| whole(text).to_owned()).collect()
    }

    /// How it looks to whoever chooses the column that names the rows.
    pub fn look(&self) -> Look<'_> {
        let missing = |at: usize| self.numbers.as_ref().is_some_and(|numbers| numbers[at].is_nan());
        let there = || (0..self.texts.len()).filter(|&at| !missing(at)).map(|at| self.texts[at].as_str());
        let sort = match &self.numbers {
            None => Sort::Words,
            Some(_) if there().next().is_none() => Sort::Missing,
            Some(_) if there().all(|text| is_digits(whole(text))) => Sort::Whole { plain: there().all(is_digits) },
            Some(_) => Sort::Numbers,
        };
        let is_whole = matches!(sort, Sort::Whole { .. });
        Look {
            heading: self.heading.as_deref(),
            sort,
            rows: self.texts.len(),
            fractions: there().filter(|text| !is_digits(text.trim_start_matches('-'))).count(),
            distinct: is_whole && self.texts.iter().collect::<HashSet<_>>().len() == self.texts.len(),
            counts: is_whole && self.texts.iter().enumerate().all(|(at, text)| whole(text).parse() == Ok(at)),
        }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A whole number without the fraction that programs give it beside missing ones.
fn whole(text: &str) -> &str {
    text.strip_suffix(".0").filter(|whole| is_digits(whole)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_looks_like_what_it_holds() {
        let look = |numbers: &[f64]| Column::numbers(None, numbers.to_vec()).look().sort;
        assert_eq!(look(&[1.0, f64::NAN, 3.0]), Sort::Whole { plain: false });
        assert_eq!((look(&[1.0, 0.5]), look(&[f64::NAN])), (Sort::Numbers, Sort::Missing));
        assert_eq!(Column::words(None, vec!["V4".to_owned()]).look().sort, Sort::Words);
        assert_eq!(Column::numbers(None, vec![71_515.0, 3.0]).names(), ["71515", "3"]);
        assert_eq!(Column::rounded(None, &[0.4, 1e-7]).numbers, Some(vec![0.4, 1e-7]));
    }
}
