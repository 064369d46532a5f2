//! `load_responses`: an array of responses whose stimuli are known by name, without their pictures.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Input, NodeKind, Output};
use crate::nodes::data::layout::{Decimal, Layout, Separator};
use crate::value::ty::Type;

/// Loads responses to stimuli whose pictures are not at hand.
pub struct LoadResponses;

/// The parameters of `load_responses`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The responses: .npy, .npz, .csv, .tsv, .parquet, .safetensors, .h5, .nc or .mat. Repeats may be a third axis, with NaN where
    /// one is missing, or rows of the same name: the mean over those that are there is the response.
    #[schemars(extend("x-file" = true))]
    pub responses: String,
    /// The axes of `responses` in order; in `units_by_stimuli` and `stimuli_by_units` a third is repeats. A .mat file's axes are as
    /// MATLAB's `size` gives them.
    pub layout: Layout,
    /// Which array of `responses`, where the file holds several.
    #[serde(default)]
    pub key: Option<String>,
    /// The names of the stimuli in the order of the responses: a CSV with the column `id`, or a text with a name a line. A name that
    /// stands several times has as many repeats.
    #[serde(default)]
    #[schemars(extend("x-file" = true))]
    pub ids: Option<String>,
    /// Which column or array of the file `ids` holds the names; without `ids`, which array of `responses`'s own file does.
    #[serde(default)]
    pub ids_key: Option<String>,
    /// Which column of a .csv, .tsv or .parquet names the rows, and is no number of theirs; `none` where none does. Unless given,
    /// the first where it holds texts or is called like names (id, stimulus_id, image, …), which a note says.
    #[serde(default)]
    pub id_column: Option<String>,
    /// What stands between the cells of a text; unless given, it is read from the text.
    #[serde(default)]
    pub separator: Option<Separator>,
    /// What stands before the fraction of a text's numbers; unless given, it is read from the text.
    #[serde(default)]
    pub decimal: Option<Decimal>,
}

impl NodeKind for LoadResponses {
    const NAME: &'static str = "load_responses";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "Responses whose stimuli are known by name, without their pictures.\n\n\
        Stimuli are called as `ids` or the file calls them, else by their position. They join other values with the same list of \
        names, in whatever order: features that `load_features` reads, say. Units are called as the file calls them, else \
        `unit_001` and so on.";
    const EXAMPLE: &'static str = "it:\n  kind: load_responses\n  with:\n    responses: data/responses.npy\n    \
        layout: stimuli_by_units\n    ids: data/file_names.txt\n";
    type Params = Params;
    const INPUTS: &'static [Input] = &[];
    const OUTPUTS: &'static [Output] = &[Output {
        name: "responses",
        ty: Type::Responses,
        keyed: None,
        role: None,
        about: "Stimuli × units, in the order in which the stimuli come first, with repeats where they were recorded.",
    }];
}

#[cfg(feature = "torch")]
mod compute {
    use std::collections::HashMap;

    use crate::formats::{name_of, names, open};
    use crate::kind::{Compute, KindError, Run};
    use crate::nodes::data::layout::{Decimal, Separator};
    use crate::nodes::data::load_responses::{LoadResponses, Params};
    use crate::nodes::data::named::by_name_alone;
    use crate::nodes::data::recorded::Recorded;
    use crate::value::Value;

    impl Compute for LoadResponses {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let path = run.file("responses").0.to_owned();
            let options = open::Options {
                key: params.key.as_deref(),
                id_column: params.id_column.as_deref(),
                separator: params.separator.map(Separator::character),
                decimal: params.decimal.map(Decimal::character),
            };
            let recorded = Recorded::read((&path, run.file("responses").1), &options, params.layout)?;
            for note in &recorded.notes {
                run.note(note.clone());
            }
            let ids = match (&params.ids, &params.ids_key) {
                (Some(_), key) => Some(names::read(run.file("ids").0, key.as_deref())?),
                (None, Some(key)) => Some(names::read(&path, Some(key))?),
                (None, None) => recorded.stimuli.clone(),
            };
            let (file, count) = (name_of(&path), recorded.counts.0);
            let ids = match ids {
                Some(ids) if ids.len() != count => {
                    return Err(KindError::new(format!(
                        "`ids` names {} stimuli but {file} has {count}{}",
                        ids.len(),
                        recorded.fitting(ids.len())
                    )));
                }
                Some(ids) => ids,
                None => {
                    run.note(format!(
                        "{file} has no names; its stimuli are called by their position, from row_00001 on"
                    ));
                    (1..=count).map(|row| format!("row_{row:05}")).collect()
                }
            };
            let mut first: HashMap<&str, usize> = HashMap::with_capacity(count);
            let (mut distinct, mut rows) = (Vec::new(), Vec::<Vec<usize>>::new());
            for (row, name) in ids.iter().enumerate() {
                let at = *first.entry(name).or_insert(rows.len());
                if at == rows.len() {
                    distinct.push(name.clone());
                    rows.push(Vec::new());
                }
                rows[at].push(row);
            }
            let stimuli = by_name_alone(&distinct, run)?;
            run.emit("responses", Value::Responses(recorded.responses(&rows, &stimuli)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::data::load_features::LoadFeatures;
    use crate::nodes::data::split::Split;
    use crate::nodes::data::testing::{Bench, refusal, unwrap};
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::testing::inputs;
    use crate::value::Value;
    use serde_json::json;

    impl Golden for LoadResponses {
        fn golden() -> Sample {
            let given = inputs();
            let (responses, ids) = (given.path("r.csv"), given.path("ids.txt"));
            std::fs::write(&responses, "u,v\n1,2\n3,4.5\n0,7\n").expect("written");
            std::fs::write(&ids, "one\ntwo\none\n").expect("written");
            let params = json!({ "responses": responses, "ids": ids, "layout": "stimuli_by_units" });
            (given.file("responses", responses).file("ids", ids), params)
        }
    }

    #[test]
    fn two_arrays_and_a_list_of_names_are_a_study() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            folder.path().join(name)
        };
        let (responses, ids) = (write("r.csv", "u,v\n1,2\n3,4\n5,6\n"), write("ids.txt", "b\na\nc\n"));
        let (features, names) =
            (write("f.csv", "x,y\n10,11\n20,21\n30,31\n"), write("names.txt", "a.png\nb.png\nc.png\n"));
        let mut bench = Bench::new();
        bench
            .run::<LoadResponses>(json!({ "responses": responses, "ids": ids, "layout": "stimuli_by_units" }))
            .unwrap();
        let loaded = unwrap!(bench.output::<LoadResponses>("responses"), Responses);
        assert_eq!(loaded.stimuli().iter().map(|s| &*s.name).collect::<Vec<_>>(), ["b", "a", "c"]);
        let mut rows = Bench::new().input("rows", &Value::Responses(loaded.clone()));
        rows.run::<LoadFeatures>(json!({ "path": features, "ids": names })).unwrap();
        let matrix = unwrap!(rows.output::<LoadFeatures>("features"), Matrix);
        // Row 0 of the file is `a`, the second stimulus of the responses.
        let at = loaded.stimuli().align(matrix.stimuli("features").unwrap(), "responses", "features").unwrap();
        assert_eq!(at, [1, 0, 2]);
        rows.run::<Split>(json!({ "test": 0.34 })).unwrap();
        // Without `rows`, the same list of names in another order is the same stimuli.
        let same = write("same.txt", "c\nb\na\n");
        let mut alone = Bench::new();
        alone.run::<LoadFeatures>(json!({ "path": features, "ids": same })).unwrap();
        let matrix = unwrap!(alone.output::<LoadFeatures>("features"), Matrix);
        assert_eq!(loaded.stimuli().align(matrix.stimuli("features").unwrap(), "a", "b").unwrap(), [1, 2, 0]);
        let other = write("other.txt", "c\nb\nd\n");
        alone.run::<LoadFeatures>(json!({ "path": features, "ids": other })).unwrap();
        let matrix = unwrap!(alone.output::<LoadFeatures>("features"), Matrix);
        assert!(loaded.stimuli().align(matrix.stimuli("features").unwrap(), "a", "b").is_err());
    }

    #[test]
    fn counts_that_disagree_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (responses, ids) = (folder.path().join("r.csv"), folder.path().join("ids.txt"));
        std::fs::write(&responses, "u,v,w\n1,2,3\n3,4,5\n").unwrap();
        std::fs::write(&ids, "a\nb\nc\n").unwrap();
        let params = json!({ "responses": responses, "ids": ids, "layout": "stimuli_by_units" });
        let error = refusal::<LoadResponses>(&mut Bench::new(), params);
        assert_eq!(error, "`ids` names 3 stimuli but r.csv has 2; the other axis fits: set `layout: units_by_stimuli`");
    }
}
