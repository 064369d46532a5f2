//! Recordings without their pictures: stimuli that are known by name alone.

use std::collections::HashMap;

use crate::kind::{KindError, Run};
use crate::nodes::data::named::by_name_alone;
use crate::nodes::data::recorded::Recorded;
use crate::value::responses::Responses;

/// The responses, in the order in which the stimuli's names come first in `ids`; names that stand several times are repeats. Without
/// `ids`, stimuli are called by their position in `file`.
pub fn responses(
    recorded: &Recorded,
    ids: Option<Vec<String>>,
    file: &str,
    run: &mut Run<'_>,
) -> Result<Responses, KindError> {
    let count = recorded.counts.0;
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
            run.note(format!("{file} has no names; its stimuli are called by their position, from row_00001 on"));
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
    let (responses, gaps) = recorded.responses(&rows, &stimuli)?;
    if let Some(gaps) = gaps {
        run.note(gaps);
    }
    Ok(responses)
}

#[cfg(test)]
mod tests {
    use crate::nodes::data::load_features::LoadFeatures;
    use crate::nodes::data::load_recordings::LoadRecordings;
    use crate::nodes::data::split::Split;
    use crate::nodes::data::testing::{Bench, refusal, unwrap};
    use crate::value::Value;
    use serde_json::json;

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
            .run::<LoadRecordings>(json!({ "responses": responses, "ids": ids, "layout": "stimuli_by_units" }))
            .unwrap();
        let loaded = unwrap!(bench.output::<LoadRecordings>("responses"), Responses);
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
        let error = refusal::<LoadRecordings>(&mut Bench::new(), params);
        assert_eq!(error, "`ids` names 3 stimuli but r.csv has 2; the other axis fits: set `layout: units_by_stimuli`");
    }
}
