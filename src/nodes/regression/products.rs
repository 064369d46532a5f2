//! Features as decompositions see them: the matrix, or its Gram matrix alone; both the Gram matrix and its decomposition
//! over train rows are products that nodes share.

use ndarray::ArrayView2;
use tch::{Kind, Tensor};

use crate::digest::Digest;
use crate::kind::{Arrival, KindError, Product, Run};
use crate::math::linear::eigen::Eigen;
use crate::math::linear::gram;
use crate::math::linear::gram::{Gram, Precision};
use crate::math::tensor::{index, place, scalar, wide_vec};
use crate::nodes::regression::ports::{GRAM, ROWSUM};
use crate::nodes::rows::check_finite_at;
use crate::value::gram::{About, Gram as Kept};
use crate::value::lineage::Lineage;
use crate::value::matrix::{Matrix, Raw};
use crate::value::stimuli::Stimuli;
use crate::value::ty::Type;
use crate::value::{Value, eigen, sums};

/// The decomposition over some train rows of a Gram matrix, by that matrix's digest.
const EIGEN: Product = Product { name: "eigen", version: 1 };
/// The largest Gram or covariance matrix that is decomposed unasked: 2 GiB in 64 bits.
pub const MOST_EXACT: usize = 16_384;
/// Square matrices of 64-bit floats that a decomposition holds at once, libtorch's workspace included.
const SQUARES: usize = 9;
/// What blocks of columns and small arrays take beside them.
const BESIDE: u64 = 400 << 20;

/// The features at a port for one round of a split.
pub struct Features {
    pub stimuli: Stimuli,
    pub lineage: Lineage,
    pub rows: usize,
    pub columns: usize,
    port: String,
    digest: Digest,
    matrix: Option<Matrix>,
}

/// Products of all rows with train rows, centred by these.
pub struct Dual {
    /// rows × train.
    pub to_train: Tensor,
    /// The sum of the eigenvalues of those among train rows.
    pub trace: f64,
    /// Eigenvalues below this may stem from rounding alone.
    pub noise: f64,
    pub precision: Precision,
    /// Of the Gram matrix that they are of.
    gram: Digest,
}

impl Dual {
    /// The eigendecomposition of the products among the train rows, `within`; kept, by their Gram matrix and the rows.
    pub fn eigen(&self, within: &Tensor, train: &[usize], run: &mut Run<'_>) -> Result<Eigen, KindError> {
        let which: Vec<u8> = train.iter().flat_map(|&row| (row as u64).to_le_bytes()).collect();
        let device = place(run.device);
        let make = |_: &mut Run<'_>| {
            let found = Eigen::of(within);
            let about = eigen::About { rows: train.len(), rank: train.len() - 1 };
            let (values, vectors) = (wide_vec(&found.values), wide_vec(&found.vectors));
            Ok(Value::Eigen(eigen::Eigen { about, values, vectors }))
        };
        let (value, _) = run.product(EIGEN, self.gram, Some(Digest::of(&which)), Type::Eigen, make)?;
        let Value::Eigen(eigen) = value else { unreachable!("read as one") };
        let shape = [index(eigen.about.rows), index(eigen.about.rank)];
        Ok(Eigen {
            values: Tensor::from_slice(&eigen.values).to_device(device),
            vectors: Tensor::from_slice(&eigen.vectors).to_device(device).view(shape),
        })
    }
}

impl Features {
    /// Reads what there is: the matrix, or, where its object was dropped, what its Gram matrix says of it.
    pub fn at(port: &str, fold: Option<usize>, run: &mut Run<'_>) -> Result<Self, KindError> {
        let arrival = run.arrival_of_fold(port, fold)?.clone();
        Self::of(&arrival, port, run)
    }

    /// The same of one arrival, which is `called` so in a sentence.
    pub fn of(arrival: &Arrival, called: &str, run: &mut Run<'_>) -> Result<Self, KindError> {
        if !arrival.path.exists() {
            let gone = |_: &mut Run<'_>| Err(KindError::new(format!("`{called}` was dropped; run again")));
            let (value, _) = run.product(GRAM, arrival.digest, None, Type::Gram, gone)?;
            let Value::Gram(gram) = value else { unreachable!("read as one") };
            let About { stimuli, lineage, rows, columns, .. } = gram.about;
            let stimuli =
                stimuli.ok_or_else(|| format!("the rows of `{called}` are no stimuli ({rows} × {columns})"))?;
            let (port, digest) = (called.to_owned(), arrival.digest);
            return Ok(Self { stimuli, lineage, rows, columns, port, digest, matrix: None });
        }
        let matrix = match Value::read(arrival.ty, &arrival.path)? {
            Value::Matrix(matrix) => matrix,
            other => {
                return Err(KindError::new(format!("`{called}` takes {}, but {} arrives", Type::Matrix, other.ty())));
            }
        };
        Ok(Self {
            stimuli: matrix.stimuli(called)?.clone(),
            lineage: matrix.about.lineage.clone(),
            rows: matrix.rows(),
            columns: matrix.columns(),
            port: called.to_owned(),
            digest: arrival.digest,
            matrix: Some(matrix),
        })
    }

    /// Whether the matrix itself was read, and not its Gram matrix alone.
    pub fn are_there(&self) -> bool {
        self.matrix.is_some()
    }

    /// The matrix itself; the executor has it made again where a computation needs more than its Gram matrix.
    pub fn matrix(&self) -> &Matrix {
        self.matrix.as_ref().expect("`stand_ins` names the computations that do without")
    }

    /// The numbers, rows × columns; those of half precision are all widened first.
    pub fn view(&self) -> ArrayView2<'_, f32> {
        self.matrix().view()
    }

    /// The numbers as they are stored.
    pub fn raw(&self) -> Raw<'_> {
        self.matrix().raw()
    }

    /// Centred products, in the precision that the size suggests or a finer one; what decomposes them needs `more` square
    /// matrices of all rows beside what an eigendecomposition does.
    pub fn dual(&self, train: &[usize], finer: bool, more: usize, run: &mut Run<'_>) -> Result<Dual, KindError> {
        let square = (self.rows as u64).pow(2) * 8;
        run.reserve(
            ((SQUARES + more) as u64).saturating_mul(square).saturating_add(BESIDE),
            &format!("the products of {0} × {0} rows are decomposed whole, so fewer rows need less", self.rows),
        )?;
        let (gram, digest) = self.gram(finer, run)?;
        let to_train = gram.to_train(train);
        let diagonal = train.iter().enumerate().map(|(column, &row)| index(row * train.len() + column));
        let diagonal = Tensor::from_slice(&diagonal.collect::<Vec<_>>()).to_device(to_train.device());
        let trace = scalar(&to_train.take(&diagonal).sum(Kind::Double));
        Ok(Dual { trace, noise: gram.noise(train), precision: gram.precision, gram: digest, to_train })
    }

    fn gram(&self, finer: bool, run: &mut Run<'_>) -> Result<(Gram, Digest), KindError> {
        let (gram, digest) = self.products(finer, run)?;
        let precision = if gram.about.double { Precision::Double } else { Precision::Single };
        let side = index(gram.about.rows);
        let products = Tensor::from_slice(&gram.products).to_device(place(run.device)).view([side, side]);
        assert_eq!(products.kind(), Kind::Double);
        Ok((Gram { products, columns: gram.about.columns, precision }, digest))
    }

    /// Products of all rows with all rows as they are kept, and their digest.
    pub fn products(&self, finer: bool, run: &mut Run<'_>) -> Result<(Kept, Digest), KindError> {
        let device = place(run.device);
        let precision = if finer { Precision::Double } else { Precision::of(self.rows, self.columns) };
        let make = |run: &mut Run<'_>| {
            let mut progress = |done, total| run.progress(done, total, "columns");
            let (gram, sums) = Gram::with_sums(self.raw(), precision, device, &mut progress);
            if !gram.is_finite() {
                check_finite_at(&self.port, self.matrix())?;
                let port = &self.port;
                return Err(KindError::new(format!(
                    "products of rows of `{port}` exceed 32-bit floats; scale the features down"
                )));
            }
            self.keep_sums(sums, run)?;
            let about = About {
                stimuli: Some(self.stimuli.clone()),
                lineage: self.lineage.clone(),
                rows: self.rows,
                columns: self.columns,
                double: gram.precision == Precision::Double,
            };
            Ok(Value::Gram(Kept { about, products: wide_vec(&gram.products) }))
        };
        let (value, digest) = run.product(GRAM, self.digest, self.detail(finer), Type::Gram, make)?;
        let Value::Gram(gram) = value else { unreachable!("read as one") };
        Ok((gram, digest))
    }

    /// The sum of every row: made with the Gram matrix, or of the matrix where products are older than they.
    pub fn row_sums(&self, run: &mut Run<'_>) -> Result<Vec<f64>, KindError> {
        let sums = match &self.matrix {
            Some(matrix) => self.sums(|| Ok(gram::row_sums(matrix.raw())), run)?,
            None => self.sums(|| Err(KindError::new("the sums of rows were dropped; run again")), run)?,
        };
        Ok(sums.sums)
    }

    fn keep_sums(&self, sums: Vec<f64>, run: &mut Run<'_>) -> Result<(), KindError> {
        self.sums(|| Ok(sums), run).map(|_| ())
    }

    fn sums(
        &self,
        make: impl FnOnce() -> Result<Vec<f64>, KindError>,
        run: &mut Run<'_>,
    ) -> Result<sums::Sums, KindError> {
        let about = sums::About { rows: self.rows, columns: self.columns };
        let make = |_: &mut Run<'_>| Ok(Value::Sums(sums::Sums { about, sums: make()? }));
        let (value, _) = run.product(ROWSUM, self.digest, None, Type::Sums, make)?;
        let Value::Sums(sums) = value else { unreachable!("read as one") };
        Ok(sums)
    }

    /// What the columns are called, where they are there and have names.
    pub fn names(&self) -> Option<&[String]> {
        self.matrix.as_ref()?.about.columns.as_deref()
    }

    /// Whether nothing is known of them but products of rows.
    pub fn is_dropped(&self) -> bool {
        self.matrix.is_none()
    }

    /// Whether their Gram matrix is what computations share, by sizes alone.
    pub fn by_products(&self) -> bool {
        self.rows <= self.columns && self.rows <= MOST_EXACT
    }

    /// Nothing for the Gram matrix that every computation chooses that may do without the matrix, so that the sight of it
    /// in the store tells the executor so.
    fn detail(&self, finer: bool) -> Option<Digest> {
        let text = match (finer, self.by_products()) {
            (true, _) => "double",
            (false, false) => "chosen",
            (false, true) => return None,
        };
        Some(Digest::of(text.as_bytes()))
    }
}
