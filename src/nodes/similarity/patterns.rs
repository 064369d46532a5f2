//! Patterns of the compared rows as their products tell them, and what is kept of them for every comparison: dissimilarities, their
//! ranks, and centred kernels.

use ndarray::{Array2, Axis};

use crate::digest::Digest;
use crate::kind::{KindError, Product, Run};
use crate::math::linear::gram::{Gram, Precision, raw};
use crate::math::similarity::cka::Form;
use crate::math::similarity::rdm::{self, Products};
use crate::math::similarity::{pairs, ranks};
use crate::math::tensor::{place, wide_vec};
use crate::nodes::regression::products::Features;
use crate::nodes::rows::check_finite_at;
use crate::nodes::similarity::dissimilarity::Dissimilarity;
use crate::nodes::similarity::presentations;
use crate::nodes::similarity::scored::Scored;
use crate::nodes::similarity::sides::{Given, Group, Side};
use crate::value::Value;
use crate::value::matrix::{self, Matrix};
use crate::value::rdm::{About, Of, Rdm};
use crate::value::responses::Responses;
use crate::value::ty::Type;

/// Dissimilarities of some rows of a value, by its digest.
const RDM: Product = Product { name: "rdm", version: 1 };
/// Their mid-ranks, by the digest of the dissimilarities.
const RANKS: Product = Product { name: "rdm_ranks", version: 1 };
/// A centred kernel of some rows of a value, by its digest.
const KERNEL: Product = Product { name: "centred_kernel", version: 1 };
/// Square matrices of 64-bit floats of all rows, and of compared rows, that are held at once.
const SQUARES: (u64, u64) = (2, 4);
const BESIDE: u64 = 100 << 20;

/// Dissimilarities of the compared rows, condensed, and their digest in the store.
pub struct Pairs {
    pub values: Vec<f32>,
    pub digest: Digest,
}

/// Products of rows, among which are the compared ones.
struct Known {
    products: Vec<f64>,
    sums: Vec<f64>,
    side: usize,
    columns: usize,
    precision: Precision,
    /// The compared rows among them.
    rows: Vec<usize>,
    /// The patterns of these, where they were made of some columns.
    patterns: Option<Array2<f32>>,
}

impl Known {
    fn products(&self) -> Products<'_> {
        Products {
            products: &self.products,
            side: self.side,
            sums: &self.sums,
            columns: self.columns,
            precision: self.precision,
        }
    }
}

impl Side {
    /// The dissimilarities of a group's patterns; kept by what they are of.
    pub fn dissimilarities(
        &self,
        group: &Group,
        scored: &Scored,
        of: Dissimilarity,
        run: &mut Run<'_>,
    ) -> Result<Pairs, KindError> {
        let rows = scored.within(self.stimuli(), self.port)?;
        let detail = detail(of.word(), &rows, group.columns.as_deref());
        let make = |run: &mut Run<'_>| {
            let values = match &self.value {
                Given::Rdm(rdm) => given(rdm, group, &rows)?,
                Given::Responses(responses) if of.needs_repeats() => {
                    let units = group.columns.as_deref().unwrap_or_default();
                    let (values, note) = presentations::dissimilarities(self.port, responses, (&rows, units), of)?;
                    note.iter().for_each(|note| run.note(note));
                    narrow(&values)
                }
                _ => narrow(&self.by_products(group, &rows, of, scored, run)?),
            };
            let about = About {
                stimuli: scored.stimuli.clone(),
                of: vec![Of::default()],
                dissimilarity: of.word().to_owned(),
                lineage: self.lineage().clone(),
            };
            let pairs = Array2::from_shape_vec((1, values.len()), values).expect("one row");
            Ok(Value::Rdm(Rdm::new(about, pairs)))
        };
        let (value, digest) = run.product(RDM, self.digest, Some(detail), Type::Rdm, make)?;
        let Value::Rdm(rdm) = value else { unreachable!("read as one") };
        Ok(Pairs { values: rdm.pairs.into_raw_vec_and_offset().0, digest })
    }

    fn by_products(
        &self,
        group: &Group,
        rows: &[usize],
        of: Dissimilarity,
        scored: &Scored,
        run: &mut Run<'_>,
    ) -> Result<Vec<f64>, KindError> {
        let of = match of {
            Dissimilarity::Correlation => rdm::Dissimilarity::Correlation,
            Dissimilarity::Cosine => rdm::Dissimilarity::Cosine,
            Dissimilarity::Euclidean => rdm::Dissimilarity::Euclidean,
            Dissimilarity::Mahalanobis | Dissimilarity::Crossnobis => {
                return Err(KindError::new(format!(
                    "`{}` has no repeats, and {} distances are in units of the noise between them; take `euclidean`",
                    self.port,
                    of.word()
                )));
            }
        };
        let mut known = self.known(group, rows, run)?;
        if of == rdm::Dissimilarity::Correlation && known.columns < 2 {
            return Err(KindError::new(format!(
                "patterns of `{}`{} have 1 column, which has no correlation; take `euclidean`",
                self.port,
                words(&group.of)
            )));
        }
        let mut made = known.products().dissimilarities(&known.rows, of);
        // Of many, products in 64 bits are made once more rather than pair by pair.
        let many = made.doubtful.len() > made.values.len() / 4;
        let all = |row: Box<dyn Fn(usize) -> Vec<f32> + '_>| (0..rows.len()).flat_map(row).collect::<Vec<f32>>();
        let again = many && known.precision == Precision::Single;
        let numbers = if again { self.row(&known, rows).map(all) } else { None };
        if let Some(numbers) = numbers {
            let patterns = Array2::from_shape_vec((rows.len(), known.columns), numbers).expect("a row each");
            known = of_patterns(patterns, Precision::Double, run)?;
            made = known.products().dissimilarities(&known.rows, of);
        }
        let Some(row) = self.row(&known, rows) else {
            if let Some(&at) = made.flat.first() {
                return Err(self.flat(group, scored, at, of));
            }
            if !made.doubtful.is_empty() {
                run.note(format!(
                    "{} of {} pairs of patterns in `{}` are so alike that products in 32 bits leave few digits of what tells them apart; \
                     they are computed from the features where these are kept",
                    made.doubtful.len(),
                    made.values.len(),
                    self.port
                ));
            }
            return Ok(made.values);
        };
        if let Some(&at) = made.flat.iter().find(|&&at| is_flat(&row(at), of)) {
            return Err(self.flat(group, scored, at, of));
        }
        for &(i, j) in &made.doubtful {
            if let Some(value) = rdm::of_rows(&row(i), &row(j), of) {
                made.values[pairs::place(rows.len(), i, j)] = value;
            }
        }
        Ok(made.values)
    }

    /// Says which stimulus's pattern has no dissimilarity.
    fn flat(&self, group: &Group, scored: &Scored, at: usize, of: rdm::Dissimilarity) -> KindError {
        let (what, way_out) = match of {
            rdm::Dissimilarity::Cosine => ("is zero in every column", "take `euclidean`"),
            _ => ("does not vary over its columns", "take `euclidean`, or leave the stimulus out"),
        };
        KindError::new(format!(
            "the pattern of stimulus `{}` in `{}`{} {what}, so that it has no dissimilarity to others; {way_out}",
            scored.stimuli.get(at).name,
            self.port,
            words(&group.of)
        ))
    }

    /// The numbers of a compared row, where they are there.
    fn row<'a>(&'a self, known: &'a Known, rows: &'a [usize]) -> Option<Box<dyn Fn(usize) -> Vec<f32> + 'a>> {
        if let Some(patterns) = &known.patterns {
            return Some(Box::new(|at| patterns.row(at).to_vec()));
        }
        match &self.value {
            Given::Features(features) if !features.is_dropped() => Some(Box::new(|at| {
                let raw = features.raw();
                let mut numbers = vec![0.0; raw.columns];
                raw.row(rows[at], &mut numbers);
                numbers
            })),
            _ => None,
        }
    }

    /// The products of a group's patterns: the Gram matrix that computations share, or those of the compared rows alone.
    fn known(&self, group: &Group, rows: &[usize], run: &mut Run<'_>) -> Result<Known, KindError> {
        match (&self.value, &group.columns) {
            (Given::Features(features), None) if features.by_products() => {
                self.reserve(features.rows, rows.len(), run)?;
                let (gram, _) = features.products(false, run)?;
                let sums = features.row_sums(run)?;
                let precision = if gram.about.double { Precision::Double } else { Precision::Single };
                let (side, columns) = (gram.about.rows, gram.about.columns);
                Ok(Known {
                    products: gram.products,
                    sums,
                    side,
                    columns,
                    precision,
                    rows: rows.to_vec(),
                    patterns: None,
                })
            }
            (Given::Features(features), columns) => {
                self.reserve(rows.len(), rows.len(), run)?;
                check_finite_at(self.port, features.matrix())?;
                let patterns = some(features, rows, columns.as_deref());
                let precision = Precision::of(patterns.nrows(), patterns.ncols());
                of_patterns(patterns, precision, run)
            }
            (Given::Responses(responses), columns) => {
                self.reserve(rows.len(), rows.len(), run)?;
                let patterns = means(responses, rows, columns.as_deref().unwrap_or_default());
                let precision = Precision::of(patterns.nrows(), patterns.ncols());
                of_patterns(patterns, precision, run)
            }
            (Given::Rdm(_), _) => Err(KindError::new(format!("`{}` holds dissimilarities and no patterns", self.port))),
        }
    }

    fn reserve(&self, all: usize, compared: usize, run: &mut Run<'_>) -> Result<(), KindError> {
        let squares = |count: u64, rows: usize| count.saturating_mul((rows as u64).saturating_pow(2)).saturating_mul(8);
        let bytes = squares(SQUARES.0, all).saturating_add(squares(SQUARES.1, compared)).saturating_add(BESIDE);
        run.reserve(
            bytes,
            &format!("`{}` is compared by products of {all} × {all} rows, so fewer rows need less", self.port),
        )
    }

    /// The centred kernel of a group's patterns, n × n; none where they do not differ. Kept by what it is of.
    pub fn kernel(&self, group: &Group, scored: &Scored, form: Form, run: &mut Run<'_>) -> Result<Matrix, KindError> {
        let rows = scored.within(self.stimuli(), self.port)?;
        let word = match form {
            Form::Unbiased => "unbiased",
            Form::Biased => "biased",
        };
        let detail = detail(word, &rows, group.columns.as_deref());
        let make = |run: &mut Run<'_>| {
            let known = self.known(group, &rows, run)?;
            let double = known.precision == Precision::Double;
            let Some(kernel) = form.centred(&known.products, known.side, &known.rows, double) else {
                return Err(KindError::new(format!(
                    "the patterns of `{}`{} do not differ over {} compared stimuli, so that nothing can be aligned with them",
                    self.port,
                    words(&group.of),
                    rows.len()
                )));
            };
            let about = matrix::About { stimuli: Some(scored.stimuli.clone()), ..matrix::About::default() };
            let kernel = Array2::from_shape_vec((rows.len(), rows.len()), kernel).expect("n × n");
            Ok(Value::Matrix(Matrix::new(kernel, about)))
        };
        let (value, _) = run.product(KERNEL, self.digest, Some(detail), Type::Matrix, make)?;
        let Value::Matrix(kernel) = value else { unreachable!("read as one") };
        Ok(kernel)
    }
}

impl Pairs {
    /// Mid-ranks of the dissimilarities; kept by these.
    pub fn ranks(&self, scored: &Scored, run: &mut Run<'_>) -> Result<Vec<f32>, KindError> {
        let make = |_: &mut Run<'_>| {
            let about = About {
                stimuli: scored.stimuli.clone(),
                of: vec![Of::default()],
                dissimilarity: "ranks".to_owned(),
                lineage: Default::default(),
            };
            let ranks = narrow(&ranks::mid_ranks(&self.values));
            Ok(Value::Rdm(Rdm::new(about, Array2::from_shape_vec((1, ranks.len()), ranks).expect("one row"))))
        };
        let (value, _) = run.product(RANKS, self.digest, None, Type::Rdm, make)?;
        let Value::Rdm(rdm) = value else { unreachable!("read as one") };
        Ok(rdm.pairs.into_raw_vec_and_offset().0)
    }
}

/// What a group is called behind the port.
pub fn words(of: &Of) -> String {
    of.words().map(|words| format!(" ({words})")).unwrap_or_default()
}

fn narrow(x: &[f64]) -> Vec<f32> {
    x.iter().map(|&value| value as f32).collect()
}

/// Whether a pattern has no dissimilarity to any other.
fn is_flat(x: &[f32], of: rdm::Dissimilarity) -> bool {
    let level = if of == rdm::Dissimilarity::Cosine { 0.0 } else { x[0] };
    x.iter().all(|value| *value == level)
}

/// Which rows and columns of a value something is made of, and how.
fn detail(how: &str, rows: &[usize], columns: Option<&[usize]>) -> Digest {
    let mut bytes = how.as_bytes().to_vec();
    let mut list = |all: &[usize]| {
        bytes.push(0);
        bytes.extend((all.len() as u64).to_le_bytes());
        bytes.extend(all.iter().flat_map(|&at| (at as u64).to_le_bytes()));
    };
    list(rows);
    columns.iter().for_each(|columns| list(columns));
    Digest::of(&bytes)
}

/// A matrix's dissimilarities of some rows.
fn given(rdm: &Rdm, group: &Group, rows: &[usize]) -> Result<Vec<f32>, KindError> {
    let at = group.columns.as_ref().and_then(|columns| columns.first()).copied().unwrap_or(0);
    let whole = rdm.pairs.row(at);
    Ok(pairs::select(whole.as_slice().expect("row-major"), rdm.about.stimuli.len(), rows))
}

/// Some rows and columns of features.
fn some(features: &Features, rows: &[usize], columns: Option<&[usize]>) -> Array2<f32> {
    let raw = features.raw();
    let width = columns.map_or(raw.columns, <[usize]>::len);
    let mut patterns = Array2::zeros((rows.len(), width));
    let mut numbers = vec![0.0; raw.columns];
    for (mut pattern, &row) in patterns.rows_mut().into_iter().zip(rows) {
        raw.row(row, &mut numbers);
        match columns {
            None => pattern.iter_mut().zip(&numbers).for_each(|(to, &from)| *to = from),
            Some(columns) => pattern.iter_mut().zip(columns).for_each(|(to, &from)| *to = numbers[from]),
        }
    }
    patterns
}

fn means(responses: &Responses, rows: &[usize], units: &[usize]) -> Array2<f32> {
    responses.mean.select(Axis(0), rows).select(Axis(1), units).as_standard_layout().into_owned()
}

fn of_patterns(patterns: Array2<f32>, precision: Precision, run: &mut Run<'_>) -> Result<Known, KindError> {
    let (side, columns) = patterns.dim();
    let (gram, sums) = Gram::with_sums(raw(patterns.view()), precision, place(run.device), &mut |_, _| ());
    if !gram.is_finite() {
        return Err(KindError::new("products of patterns exceed 32-bit floats; scale the numbers down"));
    }
    Ok(Known {
        products: wide_vec(&gram.products),
        sums,
        side,
        columns,
        precision: gram.precision,
        rows: (0..side).collect(),
        patterns: Some(patterns),
    })
}
