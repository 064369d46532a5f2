//! `load_features`: features that exist already.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Arity, Input, NodeKind, Output};
use crate::value::ty::Type;

/// Loads features that another program computed.
pub struct LoadFeatures;

/// The parameters of `load_features`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// An array with a row per stimulus: .npy, .npz, .h5, .mat (v7.3), .safetensors, .csv or .parquet. Further axes
    /// are flattened, the last running fastest. Numbers of any type become 32-bit floats.
    #[schemars(extend("x-file" = true))]
    pub path: String,
    /// Which array, where the file holds several.
    #[serde(default)]
    pub key: Option<String>,
}

impl NodeKind for LoadFeatures {
    const NAME: &'static str = "load_features";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "Features that exist already, from .npy, .npz, .h5, .safetensors, .csv or .parquet.\n\n\
        `rows` says which stimuli the rows are: those of its value, in its order, or, where a .csv or .parquet names \
        its rows in a first column of text, by these names. Without `rows` the features belong to no stimuli, and \
        nothing that joins by stimulus takes them.";
    const EXAMPLE: &'static str = "embeddings:\n  kind: load_features\n  in: { rows: v4.images }\n  \
        with: { path: data/embeddings.npy }\n";
    type Params = Params;
    const INPUTS: &'static [Input] = &[Input {
        name: "rows",
        types: &[Type::Images, Type::Responses, Type::Labels, Type::Matrix],
        arity: Arity::Optional,
        about: "What to take the rows' stimuli from.",
    }];
    const OUTPUTS: &'static [Output] =
        &[Output { name: "features", ty: Type::Matrix, keyed: None, role: None, about: "Stimuli × features." }];
}

#[cfg(feature = "torch")]
mod compute {
    use crate::formats::array::Array;
    use crate::formats::open;
    use crate::kind::{Compute, KindError, Run};
    use crate::nodes::data::load_features::{LoadFeatures, Params};
    use crate::nodes::data::rows::stimuli_of;
    use crate::value::Value;
    use crate::value::matrix::{About, Matrix};
    use crate::value::stimuli::Stimuli;

    impl Compute for LoadFeatures {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let options = open::Options { key: params.key.as_deref(), ..Default::default() };
            let array = open::read(run.file("path").0, &options)?;
            let Some((&rows, row_shape)) = array.shape.split_first() else {
                return Err(KindError::new("`path` holds a single number; features have a row per stimulus"));
            };
            let columns: usize = row_shape.iter().product();
            if rows * columns == 0 {
                return Err(KindError::new(format!("`path` holds an empty array ({})", array.shape_text())));
            }
            let stimuli = if run.has("rows") { Some(stimuli_of(&run.value("rows")?, "rows")?) } else { None };
            if let Some(stimuli) = &stimuli
                && stimuli.len() != rows
            {
                return Err(KindError::new(format!(
                    "`path` has {rows} rows but `rows` has {}; a row is one stimulus in both",
                    stimuli.len()
                )));
            }
            refuse_gaps(&array, columns, stimuli.as_ref())?;
            let stimuli = match (stimuli, &array.rows) {
                (Some(stimuli), Some(names)) => Some(by_name(&stimuli, names)?),
                (stimuli, _) => stimuli,
            };
            let about = About {
                stimuli,
                columns: array.columns.clone(),
                row_shape: if row_shape.len() > 1 { row_shape.to_vec() } else { Vec::new() },
                lineage: Default::default(),
            };
            let data = ndarray::Array2::from_shape_vec((rows, columns), array.data).expect("as many as the shape says");
            run.emit("features", Value::Matrix(Matrix::new(data, about)))
        }
    }

    fn refuse_gaps(array: &Array, columns: usize, stimuli: Option<&Stimuli>) -> Result<(), KindError> {
        let Some(at) = array.data.iter().position(|x| !x.is_finite()) else { return Ok(()) };
        let count = array.data.iter().filter(|x| !x.is_finite()).count();
        let (row, column) = (at / columns, at % columns);
        let who = stimuli.map(|stimuli| format!(" (`{}`)", stimuli.get(row).name)).unwrap_or_default();
        Err(KindError::new(format!(
            "`path` holds {} in row {row}{who}, column {column}, and {count} such numbers in all; features must be finite",
            array.data[at]
        )))
    }

    /// The stimuli of rows that a file names, in the file's order.
    fn by_name(stimuli: &Stimuli, names: &[String]) -> Result<Stimuli, KindError> {
        let rows: std::collections::HashMap<&str, usize> =
            stimuli.iter().enumerate().map(|(row, stimulus)| (&*stimulus.name, row)).collect();
        let mut order = Vec::with_capacity(names.len());
        for name in names {
            let &row = rows.get(name.as_str()).ok_or_else(|| {
                KindError::new(format!("`path` names a row `{name}`, but `rows` has no such stimulus"))
            })?;
            order.push(row);
        }
        // Equally many rows and no stimulus twice: then all are there.
        Ok(Stimuli::new(stimuli.select(&order).iter().cloned().collect())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::data::testing::{Bench, refusal, unwrap};
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::testing::inputs;
    use crate::value::Value;
    use crate::value::labels::Labels;
    use crate::value::stimuli::{Stimuli, Stimulus};
    use ndarray_npy::write_npy;
    use serde_json::json;

    impl Golden for LoadFeatures {
        fn golden() -> Sample {
            let given = inputs();
            let table = given.path("f.csv");
            std::fs::write(&table, "id,a,b\ns0,1,2\ns1,3,4.5\n").expect("written");
            (given.file("path", table.clone()), json!({ "path": table }))
        }
    }

    fn labels(names: &[&str]) -> Value {
        let list = names.iter().map(|&name| Stimulus { source: "x".into(), name: name.into(), content: None });
        let object = names.iter().map(|&name| name.to_owned()).collect();
        Value::Labels(Labels { stimuli: Stimuli::new(list.collect()).unwrap(), object, category: None })
    }

    #[test]
    fn further_axes_are_flattened_and_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        write_npy(&path, &ndarray::Array3::from_shape_fn((2, 3, 4), |(a, b, c)| (100 * a + 10 * b + c) as i32))
            .unwrap();
        let mut bench = Bench::new().input("rows", &labels(&["a", "b"]));
        bench.run::<LoadFeatures>(json!({ "path": path })).unwrap();
        let matrix = unwrap!(bench.output::<LoadFeatures>("features"), Matrix);
        assert_eq!((matrix.rows(), matrix.columns(), &matrix.about.row_shape[..]), (2, 12, &[3, 4][..]));
        assert_eq!(matrix.view()[[1, 5]], 111.0);
        assert_eq!(&*matrix.stimuli("features").unwrap().get(1).name, "b");
        let mut alone = Bench::new();
        alone.run::<LoadFeatures>(json!({ "path": path })).unwrap();
        assert!(unwrap!(alone.output::<LoadFeatures>("features"), Matrix).about.stimuli.is_none());
    }

    #[test]
    fn rows_with_names_join_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        std::fs::write(&path, "id,one,two\nb,1,2\na,3,4\n").unwrap();
        let mut bench = Bench::new().input("rows", &labels(&["a", "b"]));
        bench.run::<LoadFeatures>(json!({ "path": path })).unwrap();
        let matrix = unwrap!(bench.output::<LoadFeatures>("features"), Matrix);
        assert_eq!(&*matrix.stimuli("features").unwrap().get(0).name, "b");
        assert_eq!(matrix.about.columns.as_deref().unwrap(), ["one", "two"]);
        std::fs::write(&path, "id,one\nb,1\nc,2\n").unwrap();
        assert!(refusal::<LoadFeatures>(&mut bench, json!({ "path": path })).contains("names a row `c`"));
        std::fs::write(&path, "id,one\nb,1\nb,2\n").unwrap();
        assert!(refusal::<LoadFeatures>(&mut bench, json!({ "path": path })).contains("stands twice"));
    }

    #[test]
    fn bad_arrays_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        let mut bench = Bench::new().input("rows", &labels(&["a", "b"]));
        write_npy(&path, &ndarray::array![[1.0_f32], [2.0], [3.0]]).unwrap();
        let error = refusal::<LoadFeatures>(&mut bench, json!({ "path": path }));
        assert_eq!(error, "`path` has 3 rows but `rows` has 2; a row is one stimulus in both");
        write_npy(&path, &ndarray::array![[1.0_f64, 1e300], [2.0, f64::NAN]]).unwrap();
        let error = refusal::<LoadFeatures>(&mut bench, json!({ "path": path }));
        assert!(error.starts_with("`path` holds inf in row 0 (`a`), column 1, and 2 such numbers"), "{error}");
        assert!(refusal::<LoadFeatures>(&mut bench, json!({ "path": path, "key": "x" })).contains("means nothing"));
        write_npy(&path, &ndarray::Array2::<f32>::zeros((0, 3))).unwrap();
        assert!(refusal::<LoadFeatures>(&mut Bench::new(), json!({ "path": path })).contains("empty array (0 × 3)"));
    }
}
