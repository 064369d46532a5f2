//! Stimuli that are the same picture under several names: one stimulus, wherever rows are held out.

use std::collections::HashMap;

use crate::value::split::Assignment;
use crate::value::stimuli::Stimuli;

/// Which stimuli show the same picture.
pub struct Alike {
    /// A row for each picture: of several, the one that comes first by its identity, whatever the order of the rows.
    pub first: Vec<usize>,
    /// For each row, the place of its picture in `first`.
    picture: Vec<usize>,
}

impl Alike {
    /// Groups stimuli by their content, where it is known.
    pub fn of(stimuli: &Stimuli) -> Self {
        let mut first: Vec<usize> = Vec::with_capacity(stimuli.len());
        let mut known: HashMap<&str, usize> = HashMap::with_capacity(stimuli.len());
        let mut picture = Vec::with_capacity(stimuli.len());
        for (row, stimulus) in stimuli.iter().enumerate() {
            let next = first.len();
            let place = stimulus.content.as_deref().map_or(next, |content| *known.entry(content).or_insert(next));
            if place == next {
                first.push(row);
            } else if stimulus.identity() < stimuli.get(first[place]).identity() {
                first[place] = row;
            }
            picture.push(place);
        }
        Self { first, picture }
    }

    /// What a person should know where pictures stand several times.
    pub fn note(&self, stimuli: &Stimuli) -> Option<String> {
        let same = (0..self.picture.len()).find(|&row| self.first[self.picture[row]] != row)?;
        Some(format!(
            "{} stimuli are {} pictures (`{}` is the same as `{}`); the same picture stays in one part, and fractions are of pictures",
            self.picture.len(),
            self.first.len(),
            stimuli.get(same).name,
            stimuli.get(self.first[self.picture[same]]).name
        ))
    }

    /// The assignment of all rows, given that of the pictures.
    pub fn all(&self, of_pictures: Assignment) -> Assignment {
        match of_pictures {
            Assignment::Parts(parts) => Assignment::Parts(self.picture.iter().map(|&at| parts[at]).collect()),
            Assignment::Folds { count, fold } => {
                Assignment::Folds { count, fold: self.picture.iter().map(|&at| fold[at]).collect() }
            }
            Assignment::Draws(draws) => {
                let all = |parts: Vec<_>| self.picture.iter().map(|&at| parts[at]).collect();
                Assignment::Draws(draws.into_iter().map(all).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::split::Part;
    use crate::value::stimuli::Stimulus;

    fn stimuli(contents: &[(&str, Option<&str>)]) -> Stimuli {
        let list = contents.iter().map(|&(name, content)| Stimulus {
            source: "x".into(),
            name: name.into(),
            content: content.map(Into::into),
        });
        Stimuli::new(list.collect()).unwrap()
    }

    #[test]
    fn equal_contents_are_one_and_unknown_ones_are_each_their_own() {
        let rows = [("a", Some("1")), ("b", Some("2")), ("c", Some("1")), ("d", None), ("e", None)];
        let alike = Alike::of(&stimuli(&rows));
        assert_eq!((alike.first.len(), &alike.picture[..]), (4, &[0, 1, 0, 2, 3][..]));
        let parts = alike.all(Assignment::Parts(vec![Part::Test, Part::Train, Part::Val, Part::Train]));
        let Assignment::Parts(parts) = parts else { panic!("parts") };
        assert_eq!(parts, [Part::Test, Part::Train, Part::Test, Part::Val, Part::Train]);
        let note = alike.note(&stimuli(&rows)).unwrap();
        assert!(note.starts_with("5 stimuli are 4 pictures (`"), "{note}");
        assert!(Alike::of(&stimuli(&rows[1..3])).note(&stimuli(&rows[1..3])).is_none());
    }

    #[test]
    fn the_order_of_the_rows_says_nothing() {
        let rows = [("a", Some("1")), ("b", Some("2")), ("c", Some("1"))];
        let mut turned = rows;
        turned.reverse();
        let names = |stimuli: &Stimuli| {
            let mut names: Vec<String> =
                Alike::of(stimuli).first.iter().map(|&row| stimuli.get(row).name.to_string()).collect();
            names.sort();
            names
        };
        assert_eq!(names(&stimuli(&rows)), names(&stimuli(&turned)));
    }
}
