//! Rows of a file joined to stimuli: by name where the file has names, else by position where that is safe.
//!
//! Where both sides have names, a name that is not found is an error. Where the file has none, position serves if the counts agree
//! and the stimuli's names say one order only; a note says so.

use crate::digest::Digest;
use crate::kind::{KindError, Run};
use crate::nodes::data::layout::Order;
use crate::text::matching::{Index, natural, orders_differ};
use crate::value::stimuli::{Stimuli, Stimulus};

/// The names of a file's rows, and what the file and the stimuli are called in messages.
pub struct Naming<'a> {
    /// Whose names they are, such as "`ids`".
    pub list: &'a str,
    /// Whose stimuli, such as "pics".
    pub known: &'a str,
}

impl Naming<'_> {
    /// The stimulus of each name. A name may stand several times where a stimulus may have several rows.
    pub fn find(&self, names: &[String], stimuli: &Stimuli, run: &mut Run<'_>) -> Result<Vec<usize>, KindError> {
        let index = Index::of(stimuli.iter().map(|stimulus| &*stimulus.name));
        let matched = index.find_all(names).map_err(|wrong| KindError::new(wrong.words(self.list, self.known)))?;
        if let Some(note) = matched.note(self.list) {
            run.note(note);
        }
        Ok(matched.rows)
    }

    /// The same, where a stimulus has one row at most.
    pub fn find_once(&self, names: &[String], stimuli: &Stimuli, run: &mut Run<'_>) -> Result<Vec<usize>, KindError> {
        let rows = self.find(names, stimuli, run)?;
        let mut seen = vec![false; stimuli.len()];
        for (name, &row) in names.iter().zip(&rows) {
            if std::mem::replace(&mut seen[row], true) {
                let list = self.list;
                return Err(KindError::new(format!("{list} names `{name}` twice; a stimulus stands once")));
            }
        }
        Ok(rows)
    }

    /// The stimulus of each row of a file that has no names, as many as there are stimuli. `texts` are the stimuli's names as the
    /// order was taken from them, such as files' names with their extensions.
    pub fn by_position(
        &self,
        texts: &[&str],
        order: Option<Order>,
        ways: &str,
        run: &mut Run<'_>,
    ) -> Result<Vec<usize>, KindError> {
        let Self { list, known } = self;
        let (rows, how) = match (order, orders_differ(texts.iter().copied())) {
            (None, Some([by_text, by_number])) => {
                return Err(KindError::new(format!(
                    "{list} has no names, and the names of {known} stand in one order as texts ({by_text}, …) and in another by \
                     their numbers ({by_number}, …); which of them its rows follow cannot be known: {ways}"
                )));
            }
            (Some(Order::Natural), _) => (natural(texts), "in the order of the numbers in their names"),
            (Some(Order::ByName), _) => {
                let mut rows: Vec<usize> = (0..texts.len()).collect();
                rows.sort_by_key(|&row| texts[row]);
                (rows, "in the order of their names as texts")
            }
            (Some(Order::AsGiven), _) | (None, None) => ((0..texts.len()).collect(), "in their order"),
        };
        run.note(format!("{list} has no names; its rows are taken to be those of {known} {how}"));
        Ok(rows)
    }
}

/// Stimuli of which nothing but their names is known. They join others with the same list of names, in whatever order, and none else.
pub fn by_name_alone(names: &[String], run: &mut Run<'_>) -> Result<Stimuli, KindError> {
    let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    let source: std::sync::Arc<str> = format!("names {}", Digest::of(sorted.join("\n").as_bytes()).short()).into();
    let list = names.iter().map(|name| Stimulus { source: source.clone(), name: name.as_str().into(), content: None });
    let stimuli = Stimuli::new(list.collect())?;
    run.note("its stimuli are known by name alone: they join others that have the same list of names");
    Ok(stimuli)
}
