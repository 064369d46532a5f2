//! Dissimilarities of both sides, compared pair by pair of groups.

use std::collections::BTreeMap;

use ndarray::Array2;
use polars::prelude::Column;

use crate::kind::{Compute, KindError, Run, column, fact};
use crate::math::similarity::ceiling;
use crate::math::similarity::compare::{self, Side as Compared};
use crate::nodes::drawn;
use crate::nodes::drawn::table::{self as draws, Draws};
use crate::nodes::similarity::dissimilarity::Dissimilarity;
use crate::nodes::similarity::rsa::compared::{Comparisons, Dissimilarities};
use crate::nodes::similarity::rsa::inference::{Intervals, Tests, intervals, permuted};
use crate::nodes::similarity::rsa::{Comparator, LOWER, P, Params, Pool, Rsa, SIMILARITY, UPPER};
use crate::nodes::similarity::scored::Scored;
use crate::nodes::similarity::sides::{Given, Group, Pairing, Side};
use crate::nodes::similarity::tables::{self, Sets};
use crate::nodes::similarity::whose;
use crate::stats::summary::summarise;
use crate::value::Value;
use crate::value::lineage::Lineage;
use crate::value::rdm::{About, Rdm};
use crate::value::table;

/// The fewest stimuli whose dissimilarities can differ in order.
const LEAST: usize = 3;

impl From<Comparator> for compare::Comparator {
    fn from(comparator: Comparator) -> Self {
        match comparator {
            Comparator::Spearman => Self::Spearman,
            Comparator::Pearson => Self::Pearson,
            Comparator::Cosine => Self::Cosine,
            Comparator::RhoA => Self::RhoA,
            Comparator::TauA => Self::TauA,
            Comparator::CosineCov => Self::CosineCov,
            Comparator::CorrCov => Self::CorrCov,
        }
    }
}

impl Compute for Rsa {
    fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
        let (a, b) = whose::both(run)?;
        let scored = Scored::of(params.on, b.stimuli(), run)?;
        if scored.len() < LEAST {
            return Err(KindError::new(format!(
                "{} {} rows are compared; their dissimilarities need at least {LEAST}",
                scored.len(),
                params.on.word()
            )));
        }
        let lineage = Lineage::merge([a.lineage(), b.lineage()]);
        let selected = scored.check(&lineage, run)?;
        let pairing = Pairing::of(&a, &b, &scored, run)?;
        let sets = Sets::of(&pairing);
        refuse_few_subjects(&params, &sets)?;
        let comparator = params.compare.into();
        let (how_a, how_b) = how(&params, &a, &b);
        let of_a = dissimilarities(&a, &pairing.a, (&scored, how_a, comparator), run)?;
        let of_b = dissimilarities(&b, &pairing.b, (&scored, how_b, comparator), run)?;
        let mut found = Vec::with_capacity(pairing.pairs.len());
        for (at, &(x, y)) in pairing.pairs.iter().enumerate() {
            let value = of_a.sides[x].similarity(&of_b.sides[y]);
            found.push(value.ok_or_else(|| {
                KindError::new(format!(
                    "{} cannot be compared: the dissimilarities of one of them are all the same",
                    tables::pair_words(&pairing, at)
                ))
            })?);
        }
        let stimuli = scored.len();
        let compared = Comparisons {
            params: &params,
            comparator,
            pairing: &pairing,
            sets: &sets,
            stimuli,
            a: &of_a,
            b: &of_b,
            found,
        };
        let ceilings = compared.ceilings(run)?;
        let tests = permuted(&compared);
        let ends = intervals(&compared, run)?;
        let mut about = tables::about(&scored, selected, lineage);
        define(&params, (how_a, how_b), &mut about);
        compared.emit(&ceilings, &tests, &ends, &about, run)?;
        if !ends.draws.is_empty() && run.wants(drawn::PORT) {
            run.emit(drawn::PORT, Value::Table(compared.draws(&ends, &scored, about).table()?))?;
        }
        for (port, side, groups, made, how) in
            [("rdm_a", &a, &pairing.a, of_a, how_a), ("rdm_b", &b, &pairing.b, of_b, how_b)]
        {
            if run.wants(port) {
                run.emit(port, Value::Rdm(whole(side, groups, made, how, &scored)))?;
            }
        }
        Ok(())
    }
}

/// A draw of subjects that are one or two is no draw.
fn refuse_few_subjects(params: &Params, sets: &Sets) -> Result<(), KindError> {
    let drawn = params.bootstrap.as_ref().is_some_and(|bootstrap| bootstrap.over.subjects());
    match sets.all.iter().map(Vec::len).min() {
        Some(fewest) if drawn && fewest < 3 => Err(KindError::new(format!(
            "`b` has {fewest} subjects in a region; a bootstrap over subjects needs at least 3, so draw `over: stimuli`"
        ))),
        _ => Ok(()),
    }
}

/// How patterns of each side differ.
fn how(params: &Params, a: &Side, b: &Side) -> (Dissimilarity, Dissimilarity) {
    let repeats = |side: &Side| matches!(&side.value, Given::Responses(_));
    let of_a = params.rdm_a.unwrap_or(match params.rdm {
        of if of.needs_repeats() && !(repeats(a) && repeats(b)) => Dissimilarity::Euclidean,
        of => of,
    });
    (of_a, params.rdm)
}

fn dissimilarities(
    side: &Side,
    groups: &[Group],
    (scored, how, comparator): (&Scored, Dissimilarity, compare::Comparator),
    run: &mut Run<'_>,
) -> Result<Dissimilarities, KindError> {
    let (mut given, mut sides) = (Vec::new(), Vec::new());
    for group in groups {
        let pairs = side.dissimilarities(group, scored, how, run)?;
        let counted = if comparator.by_ranks() { &pairs.ranks(scored, run)? } else { &pairs.values };
        let counted = counted.iter().map(|&value| f64::from(value)).collect();
        sides.push(Compared::of(comparator, scored.len(), counted));
        given.push(pairs);
    }
    Ok(Dissimilarities { given, sides })
}

/// What the numbers of the tables mean.
fn define(params: &Params, (how_a, how_b): (Dissimilarity, Dissimilarity), about: &mut table::About) {
    let of = if how_a == how_b {
        format!("dissimilarity {}: {}", how_b.word(), how_b.definition())
    } else {
        format!(
            "dissimilarity of b {}: {}; of a {}: {}",
            how_b.word(),
            how_b.definition(),
            how_a.word(),
            how_a.definition()
        )
    };
    let pooled = match params.pool {
        Pool::Normalised => "",
        Pool::Plain => "; subjects' dissimilarities are pooled as they are",
    };
    about.definitions = BTreeMap::from([
        (SIMILARITY.name.to_owned(), format!("{}; {of}", params.compare.definition())),
        (LOWER.name.to_owned(), format!("{}{pooled}", LOWER.definition)),
        (UPPER.name.to_owned(), format!("{}{pooled}", UPPER.definition)),
    ]);
    if let Some(bootstrap) = &params.bootstrap {
        let interval = format!("bootstrap 95 % interval over {}", bootstrap.over.words());
        about.facts.insert(fact::INTERVAL.to_owned(), interval.into());
    }
    if params.permutations.get() > 0 {
        about.definitions.insert(column::P.to_owned(), P.to_owned());
    }
}

/// A side's dissimilarities as one value.
fn whole(side: &Side, groups: &[Group], made: Dissimilarities, how: Dissimilarity, scored: &Scored) -> Rdm {
    let dissimilarity = match &side.value {
        Given::Rdm(rdm) => rdm.about.dissimilarity.clone(),
        _ => how.word().to_owned(),
    };
    let about = About {
        stimuli: scored.stimuli.clone(),
        of: groups.iter().map(|group| group.of.clone()).collect(),
        dissimilarity,
        lineage: side.lineage().clone(),
    };
    let width = made.given.first().map_or(0, |pairs| pairs.values.len());
    let all: Vec<f32> = made.given.into_iter().flat_map(|pairs| pairs.values).collect();
    Rdm::new(about, Array2::from_shape_vec((groups.len(), width), all).expect("matrices × pairs"))
}

impl Comparisons<'_> {
    /// What draws of stimuli came to.
    fn draws(&self, ends: &Intervals, scored: &Scored, about: table::About) -> Draws {
        let of_pair = |at: usize| {
            let drawn = ends.draws.iter().map(|draw| draw.as_ref().map_or(f64::NAN, |values| values[at]));
            (tables::cell(self.pairing, at), std::iter::once(self.found[at]).chain(drawn).collect())
        };
        Draws {
            measure: SIMILARITY.name.to_owned(),
            drawn: draws::of(&scored.stimuli, &[scored.len()], self.params.seed),
            cells: (0..self.found.len()).map(of_pair).collect(),
            about,
        }
    }

    /// The bounds of each set's subjects.
    fn ceilings(&self, run: &mut Run<'_>) -> Result<Vec<Option<(f64, f64)>>, KindError> {
        let pool = match self.params.pool {
            Pool::Normalised => ceiling::Pool::Normalised,
            Pool::Plain => ceiling::Pool::Plain,
        };
        let mut known: Vec<(Vec<usize>, Option<(f64, f64)>)> = Vec::new();
        let mut all = Vec::with_capacity(self.sets.all.len());
        for set in &self.sets.all {
            if !tables::has_ceiling(set, self.pairing, self.params.ceiling, run)? {
                all.push(None);
                continue;
            }
            // Of other groups of `a`, the subjects are the same.
            let subjects: Vec<usize> = set.iter().map(|&at| self.pairing.pairs[at].1).collect();
            if let Some((_, bounds)) = known.iter().find(|(other, _)| *other == subjects) {
                all.push(*bounds);
                continue;
            }
            let wide = |&at: &usize| self.b.given[at].values.iter().map(|&value| f64::from(value)).collect();
            let values: Vec<Vec<f64>> = subjects.iter().map(wide).collect();
            let bounds = ceiling::bounds(self.comparator, pool, self.stimuli, &values);
            known.push((subjects, bounds));
            all.push(bounds);
        }
        Ok(all)
    }

    fn emit(
        &self,
        ceilings: &[Option<(f64, f64)>],
        tests: &Tests,
        ends: &Intervals,
        about: &table::About,
        run: &mut Run<'_>,
    ) -> Result<(), KindError> {
        let set_of =
            |pair: usize| self.sets.all.iter().position(|set| set.contains(&pair)).expect("every pair has one");
        let of_set: Vec<usize> = (0..self.found.len()).map(set_of).collect();
        let low = |set: &usize| ceilings[*set].map(|bounds| bounds.0);
        let high = |set: &usize| ceilings[*set].map(|bounds| bounds.1);
        let end = |ends: &[Option<(f64, f64)>], upper: bool| -> Vec<Option<f64>> {
            ends.iter().map(|ends| ends.map(|(low, high)| if upper { high } else { low })).collect()
        };
        let mut columns = tables::of_pairs(self.pairing);
        columns.extend([
            Column::new(SIMILARITY.name.into(), self.found.clone()),
            Column::new("low".into(), end(&ends.pairs, false)),
            Column::new("high".into(), end(&ends.pairs, true)),
            Column::new(column::P.into(), tests.pairs.clone()),
            Column::new(LOWER.name.into(), of_set.iter().map(low).collect::<Vec<_>>()),
            Column::new(UPPER.name.into(), of_set.iter().map(high).collect::<Vec<_>>()),
        ]);
        run.emit("table", Value::Table(tables::table(columns, about.clone())?))?;
        let over = |set: &Vec<usize>| summarise(&set.iter().map(|&at| Some(self.found[at])).collect::<Vec<_>>());
        let over: Vec<_> = self.sets.all.iter().map(over).collect();
        let sets: Vec<usize> = (0..over.len()).collect();
        let mut columns = self.sets.columns(self.pairing);
        columns.extend([
            Column::new(SIMILARITY.name.into(), over.iter().map(|one| one.mean).collect::<Vec<_>>()),
            Column::new("sem".into(), over.iter().map(|one| one.sem).collect::<Vec<_>>()),
            Column::new("low".into(), end(&ends.sets, false)),
            Column::new("high".into(), end(&ends.sets, true)),
            Column::new(column::P.into(), tests.sets.clone()),
            Column::new(LOWER.name.into(), sets.iter().map(low).collect::<Vec<_>>()),
            Column::new(UPPER.name.into(), sets.iter().map(high).collect::<Vec<_>>()),
        ]);
        run.emit("summary", Value::Table(tables::table(columns, about.clone())?))
    }
}
