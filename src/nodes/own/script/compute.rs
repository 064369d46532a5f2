//! What `script` does: a run for each fold, with the checks that were asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::kind::{Compute, KindError, Run};
use crate::nodes::own::script::folder::Folder;
use crate::nodes::own::script::given::{self, Inputs};
use crate::nodes::own::script::promised::{self, Known};
use crate::nodes::own::script::started::{self, Asked, Program};
use crate::nodes::own::script::{Params, Script, Sees};
use crate::value::Value;
use crate::value::lineage::{Exposure, Lineage};
use crate::value::split::Round;
use crate::value::stimuli::{Stimuli, Stimulus};

/// How far two runs of one program may be apart where the same rows must come out the same, relative to the largest: threads add up in
/// another order.
const SAME: f32 = 1e-5;

impl Compute for Script {
    fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
        let rounds = given::rounds(&params, run)?;
        let version = ask_version(&params, run)?;
        let apart = rounds.iter().flatten().any(|round| round.fold.is_some());
        for (at, round) in rounds.iter().enumerate() {
            let fold = round.as_ref().and_then(|round| round.fold);
            let step = Step::new(&params, fold, round.as_ref(), run)?;
            let given = step.once(&step.inputs.list, false, run)?;
            if params.check_twice {
                let again = step.once(&step.inputs.list, true, run)?;
                differ(&given, &again, None, 0.0)
                    .map_or(Ok(()), |what| Err(KindError::new(format!("two runs differ (`check_twice`): {what}"))))?;
            }
            if step.rowwise {
                step.check_rows(&given, run)?;
            }
            for (name, value) in given {
                run.emit_round(&name, fold, value)?;
            }
            if apart {
                run.progress(at as u64 + 1, rounds.len() as u64, "folds");
            }
        }
        if let Some(version) = version.and_then(Asked::answer) {
            run.version(&Path::new(&params.run[0]).file_name().unwrap_or_default().to_string_lossy(), &version);
        }
        Ok(())
    }
}

/// Asks a program that counts by its name for its version: one that is a file of the workspace is known by its content.
fn ask_version(params: &Params, run: &Run<'_>) -> Result<Option<Asked>, KindError> {
    let is_file = |at: usize| run.files.contains_key(&format!("run.{at}"));
    if is_file(0) && !(1..params.run.len()).any(is_file) {
        return Ok(None);
    }
    let program = started::command(&params.run, run).swap_remove(0);
    Ok(Some(Asked::of(&program, new_folder()?, run)))
}

fn new_folder() -> Result<Folder, KindError> {
    Folder::new().map_err(|e| KindError::new(format!("no folder can be made for the program: {e}")))
}

/// One run of a program.
struct Step<'a> {
    params: &'a Params,
    round: Option<&'a Round>,
    /// What it is given.
    inputs: Inputs,
    rowwise: bool,
    lineage: Lineage,
}

impl<'a> Step<'a> {
    fn new(
        params: &'a Params,
        fold: Option<usize>,
        round: Option<&'a Round>,
        run: &mut Run<'_>,
    ) -> Result<Self, KindError> {
        let mut inputs = Inputs::read(fold, run)?;
        let is_seen = inputs.is_seen();
        if is_seen && params.sees == Sees::None {
            return Err(KindError::new(
                "`sees: none`, and responses or labels arrive; leave them out of `in`, or say which rows it sees",
            ));
        }
        let seen = given::seen(inputs.split(), round);
        if let Some(seen) = &seen {
            let known: BTreeSet<u64> = seen.iter().map(Stimulus::identity).collect();
            let keep = |stimulus: &Stimulus| known.contains(&stimulus.identity());
            for (_, value) in &mut inputs.list {
                if matches!(value, Value::Responses(_) | Value::Labels(_)) {
                    *value = given::of_rows(value, &keep);
                }
            }
        }
        // What is given nothing makes its rows itself.
        let rowwise = params.rowwise.unwrap_or(!is_seen) && !inputs.list.is_empty();
        let mut lineage = inputs.lineage();
        let mut exposed: Vec<&Stimuli> = inputs.partly();
        if !rowwise {
            exposed.extend(inputs.whole());
        }
        for stimuli in exposed {
            let rows: Vec<usize> = (0..stimuli.len()).collect();
            lineage = lineage.fitted_on(Exposure::new("script", stimuli, &rows));
        }
        for recording in inputs.recordings() {
            lineage = lineage.to_responses_of(Some(&recording));
        }
        Ok(Self { params, round, inputs, rowwise, lineage })
    }

    /// Runs the program on some inputs in a folder of its own, which is gone afterwards.
    fn once(
        &self,
        inputs: &[(String, Value)],
        again: bool,
        run: &mut Run<'_>,
    ) -> Result<BTreeMap<String, Value>, KindError> {
        let folder = new_folder()?;
        let params = self.params;
        given::write(folder.path(), params, inputs, self.round, run)?;
        let command = started::command(&params.run, run);
        let program =
            Program { command: &command, folder: folder.path(), seed: params.seed, limits: run.host.limits(), again };
        started::run(&program, run)?;
        self.read(folder.path(), inputs, run)
    }

    fn read(
        &self,
        folder: &Path,
        inputs: &[(String, Value)],
        run: &mut Run<'_>,
    ) -> Result<BTreeMap<String, Value>, KindError> {
        let mut stimuli: Vec<Stimuli> = Vec::new();
        for own in inputs
            .iter()
            .filter(|(_, value)| !matches!(value, Value::Split(_)))
            .filter_map(|(_, value)| given::stimuli(value))
        {
            if !stimuli.contains(own) {
                stimuli.push(own.clone());
            }
        }
        let known = Known { stimuli: &stimuli, lineage: self.lineage.clone(), on: given::word(self.params.sees) };
        promised::read(folder, self.params, &known, run)
    }

    /// Runs the program without half of the rows that it does not see responses of: the others must come out as they did.
    fn check_rows(&self, given: &BTreeMap<String, Value>, run: &mut Run<'_>) -> Result<(), KindError> {
        let seen: BTreeSet<u64> = self.inputs.partly().into_iter().flatten_stimuli().map(Stimulus::identity).collect();
        let unseen: Vec<u64> = {
            let (mut all, mut known) = (Vec::new(), BTreeSet::new());
            for stimulus in self.inputs.whole().into_iter().flatten_stimuli() {
                let identity = stimulus.identity();
                if !seen.contains(&identity) && known.insert(identity) {
                    all.push(identity);
                }
            }
            all
        };
        if unseen.len() < 2 {
            run.note("`rowwise` cannot be checked: fewer than two rows are not seen");
            return Ok(());
        }
        // Every other one, so that rows of one kind that stand together are halved too.
        let left_out: BTreeSet<u64> = unseen.into_iter().step_by(2).collect();
        let keep = |stimulus: &Stimulus| !left_out.contains(&stimulus.identity());
        let halved: Vec<(String, Value)> = self
            .inputs
            .list
            .iter()
            .map(|(name, value)| {
                (
                    name.clone(),
                    if matches!(value, Value::Matrix(_)) { given::of_rows(value, &keep) } else { value.clone() },
                )
            })
            .collect();
        let again = self.once(&halved, true, run)?;
        match differ(given, &again, Some(&keep), SAME) {
            None => Ok(()),
            Some(what) => Err(KindError::new(format!(
                "`rowwise: true`, and without {} of the rows others come out otherwise: {what}; say `rowwise: false`, by which all rows that it is \
                 given count as fitted on",
                left_out.len()
            ))),
        }
    }
}

/// The stimuli of several lists.
trait Flatten<'a> {
    fn flatten_stimuli(self) -> Box<dyn Iterator<Item = &'a Stimulus> + 'a>;
}

impl<'a, I: Iterator<Item = &'a Stimuli> + 'a> Flatten<'a> for I {
    fn flatten_stimuli(self) -> Box<dyn Iterator<Item = &'a Stimulus> + 'a> {
        Box::new(self.flat_map(|stimuli| stimuli.iter()))
    }
}

/// What differs between two runs, of the rows to keep, in words; nothing where they are the same up to `tolerance`.
fn differ(
    one: &BTreeMap<String, Value>,
    other: &BTreeMap<String, Value>,
    keep: Option<&dyn Fn(&Stimulus) -> bool>,
    tolerance: f32,
) -> Option<String> {
    for (name, value) in one {
        let again = &other[name];
        let (mine, its) = match keep {
            None => (value.clone(), again.clone()),
            Some(keep) => (given::of_rows(value, keep), given::of_rows(again, keep)),
        };
        let numbers = |value: &Value| match value {
            Value::Matrix(matrix) => Some((matrix.about.stimuli.clone(), matrix.view().to_owned())),
            Value::Responses(responses) => Some((Some(responses.stimuli().clone()), responses.mean.clone())),
            _ => None,
        };
        match (numbers(&mine), numbers(&its), &mine, &its) {
            (Some((rows, x)), Some((others, y)), ..) => {
                let (Some(rows), Some(others)) = (rows, others) else { continue };
                if x.dim() != y.dim() || rows != others {
                    return Some(format!("`{name}` has {} rows, and {} the second time", x.nrows(), y.nrows()));
                }
                let largest = x.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
                let far =
                    |(at, (x, y)): (usize, (&f32, &f32))| ((x - y).abs() > tolerance * largest).then_some((at, *x, *y));
                if let Some((at, x, y)) = x.iter().zip(y.iter()).enumerate().find_map(far) {
                    let row = rows.get(at / its_columns(&mine)).name.clone();
                    return Some(format!("`{name}` has {x} in the row `{row}`, and {y} the second time"));
                }
            }
            // A table of all rows says nothing row by row.
            (_, _, Value::Table(_), Value::Table(_)) if keep.is_some() => {}
            (_, _, Value::Table(x), Value::Table(y)) if !x.frame.equals_missing(&y.frame) => {
                return Some(format!("the table `{name}` is another the second time"));
            }
            _ => {}
        }
    }
    None
}

fn its_columns(value: &Value) -> usize {
    match value {
        Value::Matrix(matrix) => matrix.columns().max(1),
        Value::Responses(responses) => responses.units().len().max(1),
        _ => 1,
    }
}
