//! The kind `load_rdm`: dissimilarities of stimuli that exist already.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::Positive;
use crate::kind::{Arity, Input, NodeKind, Output};
use crate::nodes::data::layout::{Decimal, Order, Separator};
use crate::value::ty::Type;

/// Loads representational dissimilarity matrices.
pub struct LoadRdm;

/// The parameters of `load_rdm`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Dissimilarities of n stimuli: .mat, .npy, .npz, .h5, .safetensors, .csv, .tsv or .parquet. The last two axes are n × n, or the last
    /// is the n(n − 1)/2 pairs (0, 1), (0, 2), …; axes before them are matrices, such as subjects.
    #[schemars(extend("x-file" = true))]
    pub path: String,
    /// Which array, where the file holds several. Of an array of structs in a .mat the field of all, `RDMs.RDM`, or of one,
    /// `RDMs(1,2).RDM`, with MATLAB's indices; unless given, the field `RDM` of its only variable.
    #[serde(default)]
    pub key: Option<String>,
    /// Which axis of the matrices is averaged, such as 2 where they are subjects × sessions: the first is 1, and axes of one do not count.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub mean_over: Option<Positive>,
    /// What the matrices are of, in order, such as subjects or models. Unless given, what their structs' field `name` says, else numbers.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub names: Option<Vec<String>>,
    /// The names of the stimuli in the order of the matrices' rows: a CSV with the column `id`, or a text with a name a line.
    #[serde(default)]
    #[schemars(extend("x-file" = true, "x-neutral" = null))]
    pub ids: Option<String>,
    /// Which column or array of the file `ids` holds the names; without `ids`, which array of `path`'s own file does.
    #[serde(default)]
    #[schemars(extend("x-neutral" = null))]
    pub ids_key: Option<String>,
    /// Which column of a .csv, .tsv or .parquet names the rows, and is no number of theirs; `none` where none does.
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

impl NodeKind for LoadRdm {
    const NAME: &'static str = "load_rdm";
    const VERSION: u32 = 1;
    const ABOUT: &'static str = "Dissimilarities of stimuli that exist already, of one or several subjects, regions or models.\n\n\
        A matrix is n × n, symmetric and zero on its diagonal, or its n(n − 1)/2 pairs above the diagonal, row by row. `rows` says which \
        stimuli there are: the file's rows are joined to them by the names in `ids`, or that it gives them; where there are none, by \
        position, which is refused where the names' order leaves a choice. Without `rows`, names are needed.";
    const EXAMPLE: &'static str = "brains:\n  kind: load_rdm\n  in: { rows: it.images }\n  \
        with: { path: data/92_brainRDMs.mat, key: RDMs.RDM, mean_over: 2 }\n";
    type Params = Params;
    const INPUTS: &'static [Input] = &[Input {
        name: "rows",
        types: &[Type::Images, Type::Responses, Type::Labels, Type::Matrix, Type::Rdm],
        arity: Arity::Optional,
        about: "What to take the stimuli from.",
    }];
    const OUTPUTS: &'static [Output] = &[Output {
        name: "rdm",
        ty: Type::Rdm,
        keyed: None,
        role: None,
        about: "Dissimilarities of all pairs of stimuli, a matrix after the other.",
    }];
}

#[cfg(feature = "torch")]
mod compute {
    use std::path::Path;

    use ndarray::Array2;

    use crate::formats::array::{Array, shape_text};
    use crate::formats::content::{self, Content};
    use crate::formats::{matlab, open};
    use crate::kind::{Compute, KindError, Run};
    use crate::math::similarity::pairs;
    use crate::nodes::data::layout::Order;
    use crate::nodes::data::named::{Naming, by_name_alone};
    use crate::nodes::data::reading;
    use crate::nodes::data::rows::stimuli_of;
    use crate::nodes::similarity::load_rdm::{LoadRdm, Params};
    use crate::value::Value;
    use crate::value::rdm::{About, Of, Rdm};
    use crate::value::stimuli::Stimuli;

    /// How far a matrix and its mirror may be apart, by its largest number: files are written in 32 bits.
    const MIRRORED: f32 = 1e-5;

    /// What a file holds: axes of matrices, and each matrix's numbers.
    struct Matrices {
        shape: Vec<usize>,
        /// Condensed.
        each: Vec<Vec<f32>>,
        stimuli: usize,
        names: Option<Vec<String>>,
        /// The stimuli's, where the file has them.
        rows: Option<Vec<String>>,
    }

    impl Compute for LoadRdm {
        fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
            let path = run.file("path").0.to_owned();
            let matrices = Matrices::read(&path, &params, run)?;
            let n = matrices.stimuli;
            let ids = reading::ids(params.ids.is_some(), params.ids_key.as_deref(), &path, run)?;
            let names = reading::names(ids, matrices.rows.as_deref(), (&path, params.key.as_deref()), run)?;
            let list = if params.ids.is_some() || params.ids_key.is_some() { "`ids`" } else { "`path`" };
            if let Some(names) = &names
                && names.len() != n
            {
                return Err(KindError::new(format!(
                    "{list} names {} stimuli but `path` has dissimilarities of {n}; a row is one stimulus in both",
                    names.len()
                )));
            }
            let stimuli = stimuli(n, names.as_deref(), list, params.order, run)?;
            matrices.check(&stimuli)?;
            let matrices = match params.mean_over {
                Some(axis) => matrices.mean_over(axis.get())?,
                None => matrices,
            };
            let count = matrices.each.len();
            let of = match (params.names, matrices.names) {
                (Some(names), _) if names.len() != count => {
                    return Err(KindError::new(format!(
                        "`names` has {} names but `path` holds {count} matrices; a name is of one matrix",
                        names.len()
                    )));
                }
                (Some(names), _) | (None, Some(names)) => names,
                (None, None) => (1..=count).map(|at| at.to_string()).collect(),
            };
            let of: Vec<Of> = match count {
                1 => vec![Of::default()],
                _ => of.into_iter().map(|name| Of { name: Some(name), ..Of::default() }).collect(),
            };
            let all: Vec<f32> = matrices.each.concat();
            let pairs = Array2::from_shape_vec((count, pairs::count(n)), all).expect("all are of n stimuli");
            let about = About { stimuli, of, dissimilarity: "given".to_owned(), lineage: Default::default() };
            run.emit("rdm", Value::Rdm(Rdm::new(about, pairs)))
        }
    }

    impl Matrices {
        fn read(path: &Path, params: &Params, run: &mut Run<'_>) -> Result<Self, KindError> {
            let key = params.key.as_deref();
            if !path.is_dir()
                && content::of(path)? == Some(Content::Matlab5)
                && let Some(each) = matlab::read_each(path, key, "RDM")?
            {
                let parts = each.arrays.iter().map(|array| Self::of(array, run)).collect::<Result<Vec<_>, _>>()?;
                let n = parts[0].stimuli;
                if let Some(at) = parts.iter().position(|part| part.stimuli != n || part.each.len() != 1) {
                    return Err(KindError::new(format!(
                        "struct 1 of `path` holds dissimilarities of {n} stimuli but struct {} an array of {}; all are of the same \
                         stimuli",
                        at + 1,
                        each.arrays[at].shape_text()
                    )));
                }
                let all = parts.into_iter().flat_map(|part| part.each).collect();
                return Ok(Self { shape: each.shape, each: all, stimuli: n, names: each.names, rows: None });
            }
            let options = reading::options(key, params.id_column.as_deref(), params.separator, params.decimal);
            let array = open::read(path, &options)?;
            for note in &array.notes {
                run.note(note.clone());
            }
            Self::of(&array, run)
        }

        /// Squares where the last two axes are equal, else pairs.
        fn of(array: &Array, run: &mut Run<'_>) -> Result<Self, KindError> {
            let wrong = || {
                KindError::new(format!(
                    "`path` holds an array of {}; dissimilarities of n stimuli are n × n, or n(n − 1)/2 pairs, after axes of matrices",
                    array.shape_text()
                ))
            };
            // A vector of MATLAB's has two axes.
            let mut shape = array.shape.clone();
            if let [pairs, 1] = shape[..]
                && pairs > 1
            {
                shape = vec![1, pairs];
            }
            let (front, n, is_square) = match shape[..] {
                [.., n, m] if n == m && n > 1 => (&shape[..shape.len() - 2], n, true),
                [.., pairs] => {
                    (&shape[..shape.len() - 1], pairs::patterns(pairs).filter(|&n| n > 1).ok_or_else(wrong)?, false)
                }
                [] => return Err(wrong()),
            };
            let front: Vec<usize> = front.iter().copied().filter(|&count| count != 1).collect();
            let size = if is_square { n * n } else { pairs::count(n) };
            if array.data.is_empty() || !array.data.len().is_multiple_of(size) {
                return Err(wrong());
            }
            let each = if is_square {
                array.data.chunks(size).map(|whole| condensed(whole, n)).collect::<Result<_, _>>()?
            } else {
                run.note(format!("`path` ({}) is taken for the pairs of {n} stimuli, row by row", array.shape_text()));
                array.data.chunks(size).map(<[f32]>::to_vec).collect()
            };
            let rows = array.rows.clone().filter(|_| is_square && front.is_empty());
            // A table's headings are the stimuli where its rows have no names.
            let columns = array.columns.clone().filter(|_| is_square && front.is_empty());
            Ok(Self { shape: front, each, stimuli: n, names: None, rows: rows.or(columns) })
        }

        /// Dissimilarities are numbers.
        fn check(&self, stimuli: &Stimuli) -> Result<(), KindError> {
            for values in &self.each {
                let mut each = pairs::each(self.stimuli).zip(values);
                if let Some(((i, j), value)) = each.find(|(_, value)| !value.is_finite()) {
                    return Err(KindError::new(format!(
                        "the dissimilarity of `{}` and `{}` in `path` is {value}; every pair has a finite number",
                        stimuli.get(i).name,
                        stimuli.get(j).name
                    )));
                }
            }
            Ok(())
        }

        /// The mean over one axis of matrices, counted from 1.
        fn mean_over(self, axis: usize) -> Result<Self, KindError> {
            let Some(&length) = self.shape.get(axis - 1) else {
                let axes = shape_text(&self.shape);
                return Err(KindError::new(format!(
                    "`mean_over` is {axis}, but the matrices of `path` have {} axes ({axes}); 1 is the first of them",
                    self.shape.len()
                )));
            };
            let inner: usize = self.shape[axis..].iter().product();
            let outer: usize = self.shape[..axis - 1].iter().product();
            let mean = |out: usize, at: usize| {
                let mut sum = vec![0.0f64; self.each[0].len()];
                for step in 0..length {
                    let one = &self.each[(out * length + step) * inner + at];
                    sum.iter_mut().zip(one).for_each(|(sum, &value)| *sum += f64::from(value));
                }
                sum.into_iter().map(|sum| (sum / length as f64) as f32).collect()
            };
            let each = (0..outer).flat_map(|out| (0..inner).map(move |at| (out, at))).map(|(out, at)| mean(out, at));
            let each: Vec<Vec<f32>> = each.collect();
            let mut shape = self.shape.clone();
            shape.remove(axis - 1);
            // Names told matrices apart that are one now.
            Ok(Self { shape, each, stimuli: self.stimuli, names: None, rows: self.rows })
        }
    }

    /// The pairs of a matrix, n × n.
    fn condensed(whole: &[f32], n: usize) -> Result<Vec<f32>, KindError> {
        let largest = whole.iter().filter(|value| value.is_finite()).fold(0.0f32, |most, value| most.max(value.abs()));
        if let Some(at) = (0..n).find(|&at| whole[at * n + at].abs() > MIRRORED * largest) {
            return Err(KindError::new(format!(
                "row {0} of a matrix in `path` has {1} on the diagonal; a stimulus's dissimilarity to itself is 0 (similarities, such as \
                 correlations, are not dissimilarities)",
                at + 1,
                whole[at * n + at]
            )));
        }
        let apart = |&(i, j): &(usize, usize)| (whole[i * n + j] - whole[j * n + i]).abs() > MIRRORED * largest;
        if let Some((i, j)) = pairs::each(n).find(apart) {
            return Err(KindError::new(format!(
                "a matrix in `path` has {} in row {}, column {} but {} mirrored; dissimilarities are symmetric",
                whole[i * n + j],
                i + 1,
                j + 1,
                whole[j * n + i]
            )));
        }
        Ok(pairs::each(n).map(|(i, j)| whole[i * n + j]).collect())
    }

    /// The stimuli of the matrices' rows, in their order.
    fn stimuli(
        n: usize,
        names: Option<&[String]>,
        list: &str,
        order: Option<Order>,
        run: &mut Run<'_>,
    ) -> Result<Stimuli, KindError> {
        if !run.has("rows") {
            if order.is_some() {
                return Err(KindError::new("`order` says how rows follow those of `rows`, but nothing arrives there"));
            }
            let Some(names) = names else {
                return Err(KindError::new(format!(
                    "`path` has no names for its {n} stimuli, which rows join by; give `ids`, or connect `rows`"
                )));
            };
            return by_name_alone(names, run);
        }
        let stimuli = match run.value("rows")? {
            Value::Rdm(rdm) => rdm.about.stimuli,
            other => stimuli_of(&other, "rows")?,
        };
        let naming = Naming { list, known: "`rows`" };
        let at = match names {
            Some(_) if order.is_some() => {
                return Err(KindError::new(format!("`order` is for rows without names, but {list} has names")));
            }
            Some(names) => naming.find_once(names, &stimuli, run)?,
            None if stimuli.len() != n => {
                return Err(KindError::new(format!(
                    "`path` has dissimilarities of {n} stimuli but `rows` has {}; a row is one stimulus in both",
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
    use ndarray_npy::write_npy;
    use serde_json::json;

    use super::LoadRdm;
    use crate::nodes::golden::{Golden, Sample};
    use crate::nodes::testing::{Inputs, Outputs, inputs, matrix, stimuli};
    use crate::value::Value;
    use crate::value::rdm::Rdm;

    impl Golden for LoadRdm {
        fn golden() -> Sample {
            let given = inputs();
            let table = given.path("rdm.csv");
            std::fs::write(&table, "id,s0,s1,s2\ns0,0,1,2.5\ns1,1,0,0.5\ns2,2.5,0.5,0\n").expect("written");
            (given.file("path", table.clone()), json!({ "path": table }))
        }
    }

    fn rdm(made: &Outputs) -> Rdm {
        match made.value("rdm") {
            Value::Rdm(rdm) => rdm,
            other => panic!("{}", other.ty()),
        }
    }

    /// Three stimuli, and an array in a file.
    fn given<A: ndarray_npy::WritableElement, D: ndarray::Dimension>(array: &ndarray::Array<A, D>) -> Inputs {
        let given = inputs().value("rows", &matrix(&stimuli(3), ndarray::Array2::zeros((3, 1))));
        let path = given.path("x.npy");
        write_npy(&path, array).unwrap();
        given.file("path", path)
    }

    fn loaded<A: ndarray_npy::WritableElement, D: ndarray::Dimension>(
        array: &ndarray::Array<A, D>,
        more: serde_json::Value,
    ) -> Outputs {
        let mut params = json!({ "path": "x.npy" });
        more.as_object().unwrap().iter().for_each(|(name, value)| params[name] = value.clone());
        given(array).run::<LoadRdm>(params).unwrap()
    }

    #[test]
    fn squares_and_pairs_of_several_matrices_are_read() {
        let square = |a: f64, b: f64, c: f64| [[0.0, a, b], [a, 0.0, c], [b, c, 0.0]];
        let four = ndarray::arr3(&[
            square(1.0, 2.0, 3.0),
            square(4.0, 5.0, 6.0),
            square(3.0, 2.0, 1.0),
            square(0.0, 1.0, 2.0),
        ]);
        let made = loaded(&four, json!({ "names": ["a", "b", "c", "d"] }));
        let whole = rdm(&made);
        assert_eq!(whole.pairs.row(1).to_vec(), [4.0, 5.0, 6.0]);
        assert_eq!(whole.about.of[3].name.as_deref(), Some("d"));
        assert_eq!(whole.about.stimuli, stimuli(3));
        let sessions = four.into_shape_with_order((2, 2, 3, 3)).unwrap();
        for (axis, first) in [(1, [2.0, 2.0, 2.0]), (2, [2.5, 3.5, 4.5])] {
            let made = rdm(&loaded(&sessions, json!({ "mean_over": axis })));
            assert_eq!((made.pairs.nrows(), made.pairs.row(0).to_vec()), (2, first.to_vec()), "axis {axis}");
            assert_eq!(made.about.of[1].name.as_deref(), Some("2"));
        }
        let made = loaded(&ndarray::array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], json!({}));
        assert_eq!(rdm(&made).pairs.row(1).to_vec(), [4.0, 5.0, 6.0]);
        assert!(made.notes.iter().any(|note| note == "`path` (2 × 3) is taken for the pairs of 3 stimuli, row by row"));
        assert_eq!(rdm(&loaded(&ndarray::array![7.0, 8.0, 9.0], json!({}))).about.of.len(), 1);
    }

    #[test]
    fn what_is_no_dissimilarity_is_refused() {
        let refusal =
            |array: ndarray::Array2<f64>| given(&array).refusal::<LoadRdm>(json!({ "path": "x.npy" })).message;
        let likeness = refusal(ndarray::array![[1.0, 0.5, 0.2], [0.5, 1.0, 0.1], [0.2, 0.1, 1.0]]);
        assert!(likeness.contains("row 1 of a matrix in `path` has 1 on the diagonal"), "{likeness}");
        let skew = refusal(ndarray::array![[0.0, 0.5, 0.2], [0.4, 0.0, 0.1], [0.2, 0.1, 0.0]]);
        assert!(skew.contains("has 0.5 in row 1, column 2 but 0.4 mirrored"), "{skew}");
        let gap = refusal(ndarray::array![[0.0, 0.5, f64::NAN], [0.5, 0.0, 0.1], [f64::NAN, 0.1, 0.0]]);
        assert_eq!(gap, "the dissimilarity of `s0` and `s2` in `path` is NaN; every pair has a finite number");
        let odd = refusal(ndarray::array![[0.0, 0.5, 0.2, 3.0, 1.0]]);
        assert!(
            odd.contains("holds an array of 1 × 5; dissimilarities of n stimuli are n × n, or n(n − 1)/2 pairs"),
            "{odd}"
        );
        let more = refusal(ndarray::Array2::zeros((4, 4)));
        assert_eq!(more, "`path` has dissimilarities of 4 stimuli but `rows` has 3; a row is one stimulus in both");
        let axis = given(&ndarray::Array2::<f64>::zeros((3, 3)))
            .refusal::<LoadRdm>(json!({ "path": "x.npy", "mean_over": 1 }));
        assert!(axis.message.contains("`mean_over` is 1, but the matrices of `path` have 0 axes"), "{axis}");
        let names = given(&ndarray::Array2::<f64>::zeros((3, 3)))
            .refusal::<LoadRdm>(json!({ "path": "x.npy", "names": ["a", "b"] }));
        assert!(names.message.contains("2 names but `path` holds 1 matrices"), "{names}");
    }

    #[test]
    fn stimuli_without_names_are_refused() {
        let given = inputs();
        let path = given.path("x.npy");
        write_npy(&path, &ndarray::Array2::<f32>::zeros((3, 3))).unwrap();
        let refusal = given.file("path", path).refusal::<LoadRdm>(json!({ "path": "x.npy" })).message;
        assert_eq!(refusal, "`path` has no names for its 3 stimuli, which rows join by; give `ids`, or connect `rows`");
    }
}
