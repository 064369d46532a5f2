//! `load_features`: features that exist already.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::formats::{glimpse, name_of};
use crate::kind::ahead::{self, Ahead, Known, Misfit};
use crate::kind::{Arity, Input, NodeKind, Output};
use crate::nodes::data::layout::{Decimal, Order, Separator};
use crate::value::ty::Type;

/// Loads features that another program computed.
pub struct LoadFeatures;

/// The parameters of `load_features`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// An array with a row per stimulus: .npy, .npz, .h5, .nc, .mat, .safetensors, .csv, .tsv or .parquet. Further axes
    /// are flattened, the last running fastest. Numbers of any type become 32-bit floats. A folder of .npy or .npz files has a
    /// stimulus per file, named by it.
    #[schemars(extend("x-file" = true))]
    pub path: String,
    /// Which array, where the file holds several; `*` takes every array of a .npz for a stimulus, named by its key.
    #[serde(default)]
    pub key: Option<String>,
    /// The names of the stimuli in the order of the file's rows: a CSV with the column `id`, or a text with a name a line. An
    /// extension or a folder more or less, `\\` for `/` and zeros before a number do not matter where what is left is unique.
    #[serde(default)]
    #[schemars(extend("x-file" = true, "x-neutral" = null))]
    pub ids: Option<String>,
    /// Which column or array of the file `ids` holds the names; without `ids`, which array of `path`'s own file does.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub ids_key: Option<String>,
    /// Which column of a .csv, .tsv or .parquet names the rows, and is no number of theirs; `none` where none does. Unless given,
    /// the first where it holds texts or is called like names (id, stimulus_id, image, …), which a note says.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub id_column: Option<String>,
    /// What stands between the cells of a text; unless given, it is read from the text.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub separator: Option<Separator>,
    /// What stands before the fraction of a text's numbers; unless given, it is read from the text.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub decimal: Option<Decimal>,
    /// How rows without names follow those of `rows`, where the order of their names as texts (1, 10, 2) is not that of their
    /// numbers (1, 2, 10).
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub order: Option<Order>,
}

impl Params {
    /// Rows and columns by the file's header, where that tells them.
    fn glimpse(&self, ahead: &Ahead<'_>) -> Option<(usize, usize)> {
        let shape = glimpse::shape(&ahead.file(&self.path)?, self.key.as_deref())?;
        let (&rows, row) = shape.split_first()?;
        let columns = row.iter().try_fold(1_usize, |product, &n| product.checked_mul(n))?;
        (rows > 0 && columns > 0).then_some((rows, columns))
    }

    /// Whether nothing names the rows of an array that has no names of its own.
    fn is_nameless(&self) -> bool {
        self.ids.is_none() && self.ids_key.is_none()
    }
}

impl NodeKind for LoadFeatures {
    const NAME: &'static str = "load_features";
    const VERSION: u32 = 2;
    const ABOUT: &'static str = "Features that exist already, from .npy, .npz, .h5, .safetensors, .csv or .parquet.\n\n\
        `rows` says which stimuli there are. Rows are joined to them by the names in `ids`, or by those that the file gives its \
        rows; where there are none, by position, which is refused where the names' order leaves a choice. Without `rows`, rows \
        with names are stimuli that are known by name alone, and join others with the same list of names; without names they \
        belong to no stimuli, and nothing that joins by stimulus takes them.";
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

    fn foresee(params: &Params, ahead: &Ahead<'_>) -> Vec<ahead::Output> {
        let Some((rows, columns)) = params.glimpse(ahead) else { return Vec::new() };
        let nameless = params.is_nameless() && !ahead.has("rows");
        let known = Known { rows: Some(rows), columns: Some(columns), nameless, ..Known::default() };
        vec![ahead::Output::of("features", known)]
    }

    fn fits(params: &Params, ahead: &Ahead<'_>) -> Result<(), Misfit> {
        if params.order.is_some() && !ahead.has("rows") {
            let message = "`order` says how rows follow those of `rows`, and nothing is connected there";
            return Err(Misfit::param("order", message).help("connect `rows` under `in:`, or leave `order` out"));
        }
        let known = ahead.at("rows").and_then(|arriving| Some((arriving, arriving.known.rows?)));
        let (Some((arriving, wanted)), Some((rows, _))) = (known, params.glimpse(ahead)) else { return Ok(()) };
        if !params.is_nameless() || rows == wanted {
            return Ok(());
        }
        let message = format!(
            "{} has {rows} rows, and `{}` has {wanted}; where rows have no names, each is one stimulus in both",
            name_of(Path::new(&params.path)),
            arriving.from
        );
        Err(Misfit::param("path", message)
            .help("`ids` names the stimuli of the file's rows, where it has some of them or has them in another order")
            .because("rows", format!("{wanted} rows")))
    }
}

#[cfg(feature = "torch")]
mod compute {
    use crate::formats::array::Array;
    use crate::formats::open;
    use crate::kind::{Compute, KindError, Run};
    use crate::nodes::data::layout::Order;
    use crate::nodes::data::load_features::{LoadFeatures, Params};
    use crate::nodes::data::named::{Naming, by_name_alone};
    use crate::nodes::data::reading;
    use crate::nodes::data::rows::stimuli_of;
    use crate::value::Value;
    use crate::value::matrix::{About, Matrix};
    use crate::value::stimuli::Stimuli;

    impl Params {
        /// How the file is read.
        fn reading(&self) -> open::Options<'_> {
            reading::options(self.key.as_deref(), self.id_column.as_deref(), self.separator, self.decimal)
        }
    }

    impl Compute for LoadFeatures {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let array = open::read(run.file("path").0, &params.reading())?;
            for note in &array.notes {
                run.note(note.clone());
            }
            let Some((&rows, row_shape)) = array.shape.split_first() else {
                return Err(KindError::new("`path` holds a single number; features have a row per stimulus"));
            };
            let columns: usize = row_shape.iter().product();
            if rows * columns == 0 {
                return Err(KindError::new(format!("`path` holds an empty array ({})", array.shape_text())));
            }
            let ids = reading::ids(params.ids.is_some(), params.ids_key.as_deref(), run.file("path").0, run)?;
            let path = run.file("path").0.to_owned();
            let names = reading::names(ids, array.rows.as_deref(), (&path, params.key.as_deref()), run)?;
            let list = if params.ids.is_some() || params.ids_key.is_some() { "`ids`" } else { "`path`" };
            if let Some(names) = &names
                && names.len() != rows
            {
                return Err(KindError::new(format!(
                    "{list} names {} stimuli but `path` has {rows} rows; a row is one stimulus in both",
                    names.len()
                )));
            }
            if params.order.is_some() && !run.has("rows") {
                return Err(KindError::new("`order` says how rows follow those of `rows`, but nothing arrives there"));
            }
            let stimuli = match (run.has("rows"), &names) {
                (true, names) => Some(joined(rows, names.as_deref(), list, params.order, run)?),
                (false, Some(names)) => Some(by_name_alone(names, run)?),
                (false, None) => None,
            };
            refuse_gaps(&array, columns, stimuli.as_ref())?;
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

    /// The stimuli of the file's rows, in the file's order.
    fn joined(
        rows: usize,
        names: Option<&[String]>,
        list: &str,
        order: Option<Order>,
        run: &mut Run<'_>,
    ) -> Result<Stimuli, KindError> {
        let stimuli = stimuli_of(&run.value("rows")?, "rows")?;
        let naming = Naming { list, known: "`rows`" };
        let at = match names {
            Some(_) if order.is_some() => {
                return Err(KindError::new(format!("`order` is for rows without names, but {list} has names")));
            }
            Some(names) => naming.find_once(names, &stimuli, run)?,
            None if stimuli.len() != rows => {
                return Err(KindError::new(format!(
                    "`path` has {rows} rows but `rows` has {}; a row is one stimulus in both",
                    stimuli.len()
                )));
            }
            None => {
                let texts: Vec<&str> = stimuli.iter().map(|stimulus| &*stimulus.name).collect();
                let ways =
                    "give `ids` (the names in the rows' order), or say `order: natural`, `by_name` or `as_given`";
                naming.by_position(&texts, order, ways, run)?
            }
        };
        Ok(stimuli.select(&at))
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
        let error = refusal::<LoadFeatures>(&mut bench, json!({ "path": path }));
        assert_eq!(error, "`path` names `c`, which `rows` does not have (1 of 2 names are unknown)");
        std::fs::write(&path, "id,one\nb,1\nb,2\n").unwrap();
        assert!(refusal::<LoadFeatures>(&mut bench, json!({ "path": path })).contains("names `b` twice"));
    }

    #[test]
    fn a_list_of_names_says_which_row_is_whose() {
        let folder = tempfile::tempdir().unwrap();
        let (path, ids) = (folder.path().join("features.npy"), folder.path().join("file_names.txt"));
        write_npy(&path, &ndarray::array![[1.0_f32], [2.0], [3.0]]).unwrap();
        std::fs::write(&ids, "images/b.jpg\nimages/c.jpg\nimages/a.jpg\n").unwrap();
        let mut bench = Bench::new().input("rows", &labels(&["a", "b", "c"]));
        bench.run::<LoadFeatures>(json!({ "path": path, "ids": ids })).unwrap();
        let matrix = unwrap!(bench.output::<LoadFeatures>("features"), Matrix);
        let names: Vec<String> =
            matrix.stimuli("features").unwrap().iter().map(|stimulus| stimulus.name.to_string()).collect();
        assert_eq!(names, ["b", "c", "a"]);
        assert_eq!(bench.notes, ["of the 3 names of `ids`, these were matched: 3 by the last component of the path"]);
        std::fs::write(&ids, "a\nb\n").unwrap();
        let error = refusal::<LoadFeatures>(&mut bench, json!({ "path": path, "ids": ids }));
        assert_eq!(error, "`ids` names 2 stimuli but `path` has 3 rows; a row is one stimulus in both");
    }

    #[test]
    fn an_order_that_leaves_a_choice_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("features.npy");
        write_npy(&path, &ndarray::array![[1.0_f32], [2.0], [10.0]]).unwrap();
        let mut bench = Bench::new().input("rows", &labels(&["1", "10", "2"]));
        let error = refusal::<LoadFeatures>(&mut bench, json!({ "path": path }));
        assert!(error.contains("(1, 10, 2, …) and in another by their numbers (1, 2, 10, …)"), "{error}");
        for (order, wanted) in
            [("natural", ["1", "2", "10"]), ("by_name", ["1", "10", "2"]), ("as_given", ["1", "10", "2"])]
        {
            bench.run::<LoadFeatures>(json!({ "path": path, "order": order })).unwrap();
            let matrix = unwrap!(bench.output::<LoadFeatures>("features"), Matrix);
            let stimuli = matrix.stimuli("features").unwrap();
            assert_eq!(stimuli.iter().map(|s| &*s.name).collect::<Vec<_>>(), wanted, "{order}");
        }
    }

    #[test]
    fn an_order_without_rows_to_follow_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("features.npy");
        write_npy(&path, &ndarray::array![[1.0_f32], [2.0]]).unwrap();
        let error = refusal::<LoadFeatures>(&mut Bench::new(), json!({ "path": path, "order": "natural" }));
        assert_eq!(error, "`order` says how rows follow those of `rows`, but nothing arrives there");
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
