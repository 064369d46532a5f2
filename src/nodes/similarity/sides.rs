//! What is compared: features, predictions, responses or dissimilarities at a port, and what each has by subject and region.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Digest;
use crate::kind::{KindError, Run};
use crate::nodes::regression::products::Features;
use crate::nodes::similarity::scored::Scored;
use crate::value::Value;
use crate::value::lineage::Lineage;
use crate::value::rdm::{Of, Rdm};
use crate::value::responses::Responses;
use crate::value::stimuli::Stimuli;
use crate::value::ty::Type;

/// One of the two that are compared.
pub struct Side {
    pub port: &'static str,
    pub digest: Digest,
    pub value: Given,
}

/// What arrives at a port.
pub enum Given {
    Features(Box<Features>),
    Responses(Box<Responses>),
    Rdm(Rdm),
}

/// A part of a side that is compared by itself.
#[derive(Clone, Debug)]
pub struct Group {
    pub of: Of,
    /// Which columns, units or matrices; all columns where it is nothing.
    pub columns: Option<Vec<usize>>,
}

impl Side {
    /// Reads what arrives.
    pub fn at(port: &'static str, run: &mut Run<'_>) -> Result<Self, KindError> {
        let arrivals = run.arrivals(port);
        if let [first, _, ..] = arrivals
            && first.key.as_ref().is_some_and(|key| key.parse::<usize>().is_ok())
        {
            return Err(KindError::new(format!(
                "`{port}` was fitted per fold ({0} folds); what {0} fits make has no space in common, so compare what was fitted \
                 under a hold-out split",
                arrivals.len()
            )));
        }
        let one = run.arrival_of_fold(port, None)?.clone();
        let value = match one.ty {
            Type::Matrix => Given::Features(Box::new(Features::at(port, None, run)?)),
            _ => match run.value(port)? {
                Value::Responses(responses) => Given::Responses(Box::new(responses)),
                Value::Rdm(rdm) => Given::Rdm(rdm),
                other => return Err(KindError::new(format!("`{port}` takes no {}", other.ty()))),
            },
        };
        let side = Self { port, digest: one.digest, value };
        if let Given::Features(features) = &side.value
            && features.is_dropped()
            && !features.lineage.fitted.is_empty()
        {
            return Err(KindError::new(format!(
                "`{port}` was fitted and then dropped, so that its columns are not known any more; let its node keep its outputs"
            )));
        }
        Ok(side)
    }

    /// The stimuli of its rows.
    pub fn stimuli(&self) -> &Stimuli {
        match &self.value {
            Given::Features(features) => &features.stimuli,
            Given::Responses(responses) => responses.stimuli(),
            Given::Rdm(rdm) => &rdm.about.stimuli,
        }
    }

    /// What was fitted and chosen before it came here.
    pub fn lineage(&self) -> &Lineage {
        match &self.value {
            Given::Features(features) => &features.lineage,
            Given::Responses(responses) => &responses.about.lineage,
            Given::Rdm(rdm) => &rdm.about.lineage,
        }
    }

    /// Its groups by themselves; units that miss a compared stimulus are left out, and a note says so.
    pub fn groups(&self, scored: &Scored, run: &mut Run<'_>) -> Result<Vec<Group>, KindError> {
        match &self.value {
            Given::Features(_) => Ok(vec![Group { of: Of::default(), columns: None }]),
            Given::Rdm(rdm) => {
                let each = rdm.about.of.iter().enumerate();
                Ok(each.map(|(at, of)| Group { of: of.clone(), columns: Some(vec![at]) }).collect())
            }
            Given::Responses(responses) => self.of_units(responses, scored, run),
        }
    }

    fn of_units(&self, responses: &Responses, scored: &Scored, run: &mut Run<'_>) -> Result<Vec<Group>, KindError> {
        let rows = scored.within(responses.stimuli(), self.port)?;
        let whole = |unit: &usize| rows.iter().all(|&row| responses.mean[[row, *unit]].is_finite());
        let about = &responses.about;
        let of = |unit: usize| Of {
            subject: about.subjects.as_ref().map(|all| all[unit].clone()),
            region: about.regions.as_ref().map(|all| all[unit].clone()),
            name: None,
        };
        let mut groups: Vec<Group> = Vec::new();
        let mut gapped = 0;
        for unit in 0..responses.units().len() {
            let of = of(unit);
            let at = groups.iter().position(|group| group.of == of).unwrap_or_else(|| {
                groups.push(Group { of, columns: Some(Vec::new()) });
                groups.len() - 1
            });
            if whole(&unit) {
                groups[at].columns.get_or_insert_default().push(unit);
            } else {
                gapped += 1;
            }
        }
        if let Some(empty) = groups.iter().find(|group| group.columns.as_ref().is_some_and(Vec::is_empty)) {
            return Err(KindError::new(format!(
                "none of the units of `{}`{} was recorded to all of {} compared stimuli; compare rows that they share",
                self.port,
                empty.of.words().map(|words| format!(" ({words})")).unwrap_or_default(),
                rows.len()
            )));
        }
        if gapped > 0 {
            run.note(format!(
                "{gapped} of {} units of `{}` were not recorded to all of {} compared stimuli and are left out",
                responses.units().len(),
                self.port,
                rows.len()
            ));
        }
        Ok(groups)
    }
}

/// The groups of both sides, and which of one is compared with which of the other.
pub struct Pairing {
    pub a: Vec<Group>,
    pub b: Vec<Group>,
    /// Places in `a` and `b`.
    pub pairs: Vec<(usize, usize)>,
    /// Whether they are predictions and responses of the same units, group by group.
    pub same_units: bool,
}

impl Pairing {
    /// All with all; but predictions of units with the responses of the same units, group by group.
    pub fn of(a: &Side, b: &Side, scored: &Scored, run: &mut Run<'_>) -> Result<Self, KindError> {
        for side in [a, b] {
            // Both may be features of which some part is not there.
            scored.within(side.stimuli(), side.port)?;
        }
        let (mut of_a, mut of_b) = (a.groups(scored, run)?, b.groups(scored, run)?);
        if let Some(predicted) = predicted(a, b, &of_b)? {
            of_a = predicted;
        } else if let Some(predicted) = predicted(b, a, &of_a)? {
            of_b = predicted;
        } else {
            let pairs = (0..of_a.len()).flat_map(|a| (0..of_b.len()).map(move |b| (a, b))).collect();
            return Ok(Self { a: of_a, b: of_b, pairs, same_units: false });
        }
        let pairs = (0..of_a.len()).map(|at| (at, at)).collect();
        Ok(Self { a: of_a, b: of_b, pairs, same_units: true })
    }
}

/// The groups of a matrix whose columns are called as units of responses: the columns of each group of these.
fn predicted(matrix: &Side, responses: &Side, groups: &[Group]) -> Result<Option<Vec<Group>>, KindError> {
    let (Given::Features(features), Given::Responses(of)) = (&matrix.value, &responses.value) else {
        return Ok(None);
    };
    let Some(names) = features.names() else { return Ok(None) };
    let known: BTreeMap<&str, usize> = names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let units: BTreeSet<&str> =
        groups.iter().flat_map(|group| group.columns.iter().flatten()).map(|&unit| of.units()[unit].as_str()).collect();
    let missing: Vec<&&str> = units.iter().filter(|unit| !known.contains_key(**unit)).collect();
    match missing.first() {
        Some(_) if missing.len() == units.len() => Ok(None),
        Some(first) => Err(KindError::new(format!(
            "`{}` has columns for {} of the {} units of `{}` but none named `{first}`; predictions join units by name",
            matrix.port,
            units.len() - missing.len(),
            units.len(),
            responses.port
        ))),
        None => {
            let columns = |group: &Group| {
                group.columns.as_ref().map(|all| all.iter().map(|&unit| known[of.units()[unit].as_str()]).collect())
            };
            Ok(Some(groups.iter().map(|group| Group { of: group.of.clone(), columns: columns(group) }).collect()))
        }
    }
}
