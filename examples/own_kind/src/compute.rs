//! What `divisive` computes.

use ventral_kind::kind::{Compute, KindError, Run};
use ventral_value::value::Value;
use ventral_value::value::matrix::Matrix;

use crate::divisive::{Divisive, Params};

impl Compute for Divisive {
    fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
        let features = run.matrix("features")?;
        let mut data = features.view().to_owned();
        for mut row in data.rows_mut() {
            let pool = row.iter().map(|x| x * x).sum::<f32>() / row.len() as f32;
            row /= (params.sigma * params.sigma + pool).sqrt();
        }
        // Whatever upstream fits have seen is handed on with the rows.
        run.emit("features", Value::Matrix(Matrix::new(data, features.about)))
    }
}
