//! Which rows of recorded responses are of which picture, and what pictures without names are called.

use std::collections::HashSet;

use crate::kind::{KindError, Run};
use crate::nodes::data::layout::Order;
use crate::nodes::data::named::Naming;
use crate::nodes::data::pictures::Looked;
use crate::nodes::data::recorded::Recorded;
use crate::value::stimuli::Stimuli;

/// The names of the responses' rows, if they have any, and what messages call them.
pub struct Given<'a> {
    pub recorded: &'a Recorded,
    pub names: Option<&'a [String]>,
    /// Whose names they are, such as "`ids`".
    pub list: &'a str,
    /// The responses' file.
    pub file: &'a str,
    pub order: Option<Order>,
}

impl Given<'_> {
    /// What pictures without names are called: as the responses' rows are, where these are as many in an order that leaves no choice;
    /// by their position, counted from 0, where nothing has names.
    pub fn names_for(&self, pictures: &Looked, run: &mut Run<'_>) -> Result<Vec<String>, KindError> {
        let (list, called, count) = (self.list, &pictures.called, pictures.len());
        let Some(names) = self.names else {
            if self.order.is_some() {
                return Err(KindError::new("`order` is about names, but neither `images` nor `responses` has any"));
            }
            return Ok((0..count).map(|at| at.to_string()).collect());
        };
        let ways = "give `images_ids` (the names of the pictures in their order), or, where the names are positions of pictures, \
                    `images_ids: from_0` or `from_1`";
        let refused = |problem: String| Err(KindError::new(format!("{problem}: {ways}")));
        if names.len() != count {
            return refused(format!(
                "{called} has {count} pictures, which have no names, but {list} has {} names",
                names.len()
            ));
        }
        let mut seen = HashSet::with_capacity(count);
        if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
            return refused(format!("{list} names `{twice}` twice, and the pictures of {called} have no names"));
        }
        let numbers: Option<Vec<u64>> = names.iter().map(|name| name.parse().ok()).collect();
        let falls = numbers.as_ref().and_then(|numbers| numbers.windows(2).position(|pair| pair[0] > pair[1]));
        if let (Some(at), None) = (falls, self.order) {
            return refused(format!(
                "{list} has numbers that do not rise ({}, then {}), and the pictures of {called} have no names, so that the numbers may \
                 be positions, or the names in the pictures' order (`order: as_given`)",
                names[at],
                names[at + 1]
            ));
        }
        let pictures = format!("`images` ({called})");
        let texts: Vec<&str> = names.iter().map(String::as_str).collect();
        let ways = format!("{ways}; or say `order: natural`, `by_name` or `as_given`");
        let at = Naming { list: &pictures, known: list }.by_position(&texts, self.order, &ways, run)?;
        Ok(at.into_iter().map(|row| names[row].clone()).collect())
    }

    /// For each picture, the rows of its stimulus in the responses. `texts` are what the pictures' order is read from; none where their
    /// names were made up here.
    pub fn rows(
        &self,
        stimuli: &Stimuli,
        texts: Option<&[String]>,
        known: &str,
        run: &mut Run<'_>,
    ) -> Result<Vec<Vec<usize>>, KindError> {
        let Self { recorded, list, file, .. } = *self;
        let count = recorded.counts.0;
        let naming = Naming { list, known };
        let found = match (self.names, texts) {
            (Some(names), _) if names.len() != count => {
                return Err(KindError::new(format!(
                    "{list} names {} stimuli but {file} has {count}{}",
                    names.len(),
                    recorded.fitting(names.len())
                )));
            }
            (Some(_), Some(_)) if self.order.is_some() => {
                return Err(KindError::new(format!("`order` is for responses without names, but {list} has names")));
            }
            (Some(names), _) => naming.find(names, stimuli, run)?,
            (None, _) if count != stimuli.len() => {
                return Err(KindError::new(format!(
                    "{file} has {count} stimuli but {known} has {}{}",
                    stimuli.len(),
                    recorded.fitting(stimuli.len())
                )));
            }
            (None, Some(texts)) => {
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                let ways = "give `ids` (their names in order), or say `order: natural` or `order: by_name`";
                naming.by_position(&texts, self.order, ways, run)?
            }
            (None, None) => {
                run.note(format!(
                    "neither {known} nor {file} has names: the first row is taken for the first picture's and so on, and pictures are \
                     called by their position, from 0 on"
                ));
                (0..count).collect()
            }
        };
        let mut rows = vec![Vec::new(); stimuli.len()];
        for (row, stimulus) in found.into_iter().enumerate() {
            rows[stimulus].push(row);
        }
        let trials = rows.iter().filter(|rows| rows.len() > 1).count();
        if trials > 0 {
            let most = rows.iter().map(Vec::len).max().unwrap_or(0);
            run.note(format!(
                "{count} rows of {file} are trials of {} stimuli, up to {most} each; they are repeats",
                rows.iter().filter(|rows| !rows.is_empty()).count()
            ));
        }
        Ok(rows)
    }
}
