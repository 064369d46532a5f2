//! Variants that are chosen among, as their scores on val tell them.

use serde_json::Value as Json;

use crate::kind::{Arrival, KindError, fact};
use crate::nodes::evaluation::select::{Params, Statistic};
use crate::value::Value;
use crate::value::lineage::Lineage;

/// What tells a variant from the others: swept variables and their values, or a label.
pub type Label = Vec<(String, Json)>;

pub struct Candidate {
    pub label: Label,
    pub score: Option<f64>,
    pub definition: Option<String>,
    pub lineage: Lineage,
}

pub fn word(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::Mean => "mean",
        Statistic::Median => "median",
    }
}

pub fn name(label: &Label) -> String {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pair = |(name, value): &(String, Json)| match name.as_str() {
        "label" => text(value),
        _ => format!("{name}={}", text(value)),
    };
    let parts: Vec<String> = label.iter().map(pair).collect();
    format!("`{}`", parts.join(", "))
}

/// A variant's score; only val may choose.
pub fn read(arrival: &Arrival, params: &Params) -> Result<Candidate, KindError> {
    let Value::Table(table) = Value::read(arrival.ty, &arrival.path)? else {
        return Err(KindError::new(format!("`scores` takes Table, but {} arrives", arrival.ty)));
    };
    let whose = name(&arrival.label);
    match table.about.facts.get(fact::SCORED_ON).and_then(Json::as_str) {
        Some("val") => {}
        Some(on) => {
            return Err(KindError::new(format!(
                "the scores of {whose} are on {on} rows; a choice is made on val, so that test rows stay unseen \
                 (`on: val` in evaluate)"
            )));
        }
        None => {
            return Err(KindError::new(format!(
                "the table of {whose} does not say which rows it scores; select takes what evaluate or decode gives"
            )));
        }
    }
    let score = table
        .score(&params.measure, word(params.statistic))
        .map_err(|rule| KindError::new(format!("the scores of {whose} {rule}")))?;
    let definition = table.about.definitions.get(&params.measure).cloned();
    Ok(Candidate { label: arrival.label.clone(), score, definition, lineage: table.about.lineage })
}

/// Refuses scores that do not mean the same.
pub fn one_definition(candidates: &[Candidate], params: &Params) -> Result<(), KindError> {
    let (first, others) = candidates.split_first().ok_or_else(|| KindError::new("nothing arrives at `scores`"))?;
    if let Some(other) = others.iter().find(|other| other.definition != first.definition) {
        let text = |c: &Candidate| c.definition.clone().unwrap_or_else(|| "nothing".to_owned());
        return Err(KindError::new(format!(
            "`{}` means “{}” for {} but “{}” for {}; scores of different definitions choose nothing",
            params.measure,
            text(first),
            name(&first.label),
            text(other),
            name(&other.label)
        )));
    }
    Ok(())
}

/// Whether a value at another port is the winner's: it agrees in every variable that both have.
pub fn belongs(label: &Label, winner: &Label) -> bool {
    label.iter().all(|(name, value)| match winner.iter().find(|(known, _)| known == name) {
        Some((_, known)) => known == value,
        // A value without variants serves them all.
        None => name == "label",
    })
}
