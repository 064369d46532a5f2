//! What `select` does: reads scores on val, chooses, and hands on what is the winner's.

use polars::prelude::{Column, DataFrame};
use serde_json::{Value as Json, json};

use crate::kind::fact;
use crate::kind::{Arrival, Compute, KindError, NodeKind, Run};
use crate::nodes::evaluation::select::candidate::{Candidate, Label, belongs, name, one_definition, read, word};
use crate::nodes::evaluation::select::per::per_group;
use crate::nodes::evaluation::select::{Params, Per, Select};
use crate::nodes::evaluation::variant;
use crate::value::Value;
use crate::value::lineage::{Exposure, Lineage};
use crate::value::split::Part;
use crate::value::table::{About, Table};

impl Compute for Select {
    fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
        let split = run.split("split")?;
        let val = split.rows(Part::Val);
        if val.is_empty() {
            return Err(KindError::new(
                "`split` has no val rows, and a choice is made on val; give `split` a fraction `val`",
            ));
        }
        let candidates =
            run.arrivals("scores").iter().map(|arrival| read(arrival, &params)).collect::<Result<Vec<_>, _>>()?;
        if params.per != Per::All {
            return per_group(&params, &candidates, &Exposure::new(Self::NAME, &split.stimuli, &val), run);
        }
        let winner = best(&candidates, &params)?;
        run.note(format!(
            "of {} variants, {} has the best {} {} on val, {:.4}",
            candidates.len(),
            name(&candidates[winner].label),
            word(params.statistic),
            params.measure,
            candidates[winner].score.expect("the winner has one")
        ));
        let exposure = Exposure::new(Self::NAME, &split.stimuli, &val);
        for (_, port) in Self::PASSES {
            if run.has(port) && run.wants(port) {
                hand_on(port, &candidates[winner].label, &exposure, run)?;
            }
        }
        let lineage = Lineage::merge(candidates.iter().map(|c| &c.lineage)).selected_by(exposure);
        run.emit("choice", Value::Table(choice(&candidates, winner, &params, lineage)?))
    }
}

/// The largest score; of equal ones the first, as the recipe has them.
fn best(candidates: &[Candidate], params: &Params) -> Result<usize, KindError> {
    one_definition(candidates, params)?;
    let mut winner: Option<(usize, f64)> = None;
    for (at, candidate) in candidates.iter().enumerate() {
        match candidate.score.filter(|score| score.is_finite()) {
            Some(score) if winner.is_none_or(|(_, best)| score > best) => winner = Some((at, score)),
            _ => {}
        }
    }
    winner.map(|(at, _)| at).ok_or_else(|| {
        KindError::new(format!(
            "none of {} variants has a `{}`; there is nothing to choose by",
            candidates.len(),
            params.measure
        ))
    })
}

/// Stores the winner's value under its port's name, with the choice in its lineage.
fn hand_on(port: &str, winner: &Label, exposure: &Exposure, run: &mut Run<'_>) -> Result<(), KindError> {
    let arrivals = run.arrivals(port);
    let mine: Vec<Arrival> = arrivals.iter().filter(|arrival| belongs(&arrival.label, winner)).cloned().collect();
    let [one] = mine.as_slice() else {
        let found: Vec<String> = arrivals.iter().take(6).map(|arrival| name(&arrival.label)).collect();
        return Err(KindError::new(format!(
            "{} of {} values at `{port}` belong to the winner {}: they are {}; give `{port}` and `scores` the same \
             variants, or maps with the same labels",
            mine.len(),
            arrivals.len(),
            name(winner),
            found.join(", ")
        )));
    };
    let chosen = |lineage: &Lineage| lineage.clone().selected_by(exposure.clone());
    match Value::read(one.ty, &one.path)? {
        Value::Matrix(matrix) => {
            let mut about = matrix.about.clone();
            about.lineage = chosen(&about.lineage);
            let mut sink = run.open_matrix(port, None, &about, matrix.rows(), matrix.columns())?;
            let raw = matrix.raw();
            let mut numbers = vec![0.0; raw.columns];
            for row in 0..raw.rows {
                raw.row(row, &mut numbers);
                sink.write(&numbers)?;
            }
            sink.finish()
        }
        Value::Network(mut network) => {
            network.about.lineage = chosen(&network.about.lineage);
            run.emit(port, Value::Network(network))
        }
        Value::Fit(mut fit) => {
            fit.about.lineage = chosen(&fit.about.lineage);
            run.emit(port, Value::Fit(fit))
        }
        Value::Table(mut table) => {
            table.about.lineage = chosen(&table.about.lineage);
            run.emit(port, Value::Table(table))
        }
        other => Err(KindError::new(format!("`{port}` cannot hand on {}", other.ty()))),
    }
}

fn choice(candidates: &[Candidate], winner: usize, params: &Params, lineage: Lineage) -> Result<Table, KindError> {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in candidates.iter().flat_map(|candidate| &candidate.label) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let mut columns: Vec<Column> = names
        .iter()
        .map(|&name| {
            let values: Vec<Option<&Json>> = candidates
                .iter()
                .map(|candidate| candidate.label.iter().find(|(n, _)| n == name).map(|(_, value)| value))
                .collect();
            variant::column(name, &values)
        })
        .collect();
    columns.push(Column::new("measure".into(), vec![params.measure.as_str(); candidates.len()]));
    columns.push(Column::new("score".into(), candidates.iter().map(|c| c.score).collect::<Vec<_>>()));
    columns.push(Column::new("selected".into(), (0..candidates.len()).map(|at| at == winner).collect::<Vec<_>>()));
    let frame = DataFrame::new(candidates.len(), columns).map_err(|e| KindError::new(e.to_string()))?;
    let definition = candidates[winner].definition.as_deref().unwrap_or("as the scores' own node says");
    let definitions = [
        (
            "score".to_owned(),
            format!("{} of {} over units, on val: {definition}", word(params.statistic), params.measure),
        ),
        ("selected".to_owned(), "the variant of largest score, whose ports are handed on".to_owned()),
    ];
    let facts = [
        (fact::SCORED_ON.to_owned(), json!("val")),
        ("measure".to_owned(), json!(params.measure)),
        ("statistic".to_owned(), json!(params.statistic)),
        ("winner".to_owned(), json!(name(&candidates[winner].label).trim_matches('`'))),
    ];
    Ok(Table { frame, about: About { definitions: definitions.into(), facts: facts.into(), lineage } })
}
