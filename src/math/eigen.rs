//! The eigendecomposition of products of centred rows, which principal components and ridge regression share.
//!
//! X_c X_cᵀ = QΛQᵀ for X_c = X − 1m, n × p, m the mean over the n rows; Q is n × (n − 1).

use tch::{Kind, Tensor};

use super::tensor::{index, scalar};

/// Eigenpairs of centred products of rows, but for the direction 1, along which centred rows have no variance.
pub struct Eigen {
    /// Descending, none negative; n − 1.
    pub values: Tensor,
    /// Orthonormal columns, n × (n − 1).
    pub vectors: Tensor,
}

impl Eigen {
    /// Decomposes centred products, n × n, 64-bit.
    ///
    /// A Householder reflection H = I − 2vvᵀ/vᵀv maps 1/√n to the first axis, which is dropped: so no rounding error stands
    /// where the eigenvalue 0 of that direction would.
    pub fn of(centred: &Tensor) -> Self {
        let height = centred.size()[0];
        let v = Tensor::full([height, 1], 1.0 / (height as f64).sqrt(), (Kind::Double, centred.device()));
        let _ = v.narrow(0, 0, 1).g_add_scalar_(1.0);
        let scale = 2.0 / scalar(&v.square().sum(Kind::Double));
        // HKH = K − vwᵀ − wvᵀ with w = s(Kv − s/2·(vᵀKv)v): one pass over the products, of which one triangle is read.
        let image = centred.matmul(&v);
        let w = (&image - &v * (scalar(&v.tr().matmul(&image)) * scale / 2.0)) * scale;
        let inner = centred.addmm(&Tensor::cat(&[&v, &w], 1), &Tensor::cat(&[-&w, -&v], 1).tr());
        let (values, vectors) = inner.narrow(0, 1, height - 1).narrow(1, 1, height - 1).linalg_eigh("L");
        let vectors = vectors.flip([1i64].as_slice());
        let along = v.narrow(0, 1, height - 1).tr().matmul(&vectors) * -scale;
        let below = vectors.addmm(&v.narrow(0, 1, height - 1), &along);
        let first = v.narrow(0, 0, 1).matmul(&along);
        Self { values: values.flip([0i64].as_slice()).clamp_min(0.0), vectors: Tensor::cat(&[first, below], 0) }
    }

    /// How many eigenvalues stand above some noise.
    pub fn rank(&self, noise: f64) -> usize {
        super::tensor::wide_vec(&self.values).iter().filter(|&&value| value > noise && value > 0.0).count()
    }

    /// The pairs of the k largest eigenvalues.
    pub fn leading(&self, k: usize) -> (Tensor, Tensor) {
        (self.values.narrow(0, 0, index(k)), self.vectors.narrow(1, 0, index(k)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::tensor::{column_means, wide_vec};

    #[test]
    fn pairs_reproduce_the_products_and_leave_out_the_mean() {
        tch::manual_seed(3);
        let x = Tensor::randn([30, 80], (Kind::Double, tch::Device::Cpu));
        let x = &x - column_means(&x);
        let products = x.matmul(&x.tr());
        let Eigen { values, vectors } = Eigen::of(&products);
        assert_eq!((values.size(), vectors.size()), (vec![29], vec![30, 29]));
        let again = (&vectors * &values).matmul(&vectors.tr());
        assert!(scalar(&(again - &products).abs().max()) < 1e-10);
        let square = vectors.tr().matmul(&vectors) - Tensor::eye(29, (Kind::Double, tch::Device::Cpu));
        assert!(scalar(&square.abs().max()) < 1e-13);
        assert!(scalar(&column_means(&vectors).abs().max()) < 1e-15, "every vector is orthogonal to 1");
        assert!(wide_vec(&values).windows(2).all(|pair| pair[0] >= pair[1]));
        assert_eq!(Eigen::of(&products).rank(1e-8), 29);
    }
}
