//! The eigendecomposition of products of centred rows, which principal components and ridge regression share.
//!
//! X_c X_cᵀ = QΛQᵀ for X_c = X − 1m, n × p, m the mean over the n rows; Q is n × (n − 1).

use tch::{Kind, Tensor};

use crate::math::tensor::{index, scalar};

/// Eigenpairs of centred products of rows, but for the direction 1, along which centred rows have no variance.
pub struct Eigen {
    /// Descending, none negative; n − 1.
    pub values: Tensor,
    /// Orthonormal columns, n × (n − 1).
    pub vectors: Tensor,
}

/// A change of axes that leaves out the direction 1: the reflection H = I − 2vvᵀ/vᵀv maps 1/√n to the first axis, which is
/// dropped. Products of rows are centred by it, and no rounding error stands where the eigenvalue 0 of that direction would.
pub struct WithoutMean {
    v: Tensor,
    scale: f64,
}

impl WithoutMean {
    /// For n = `height` rows.
    pub fn of(height: i64, device: tch::Device) -> Self {
        let v = Tensor::full([height, 1], 1.0 / (height as f64).sqrt(), (Kind::Double, device));
        let _ = v.narrow(0, 0, 1).g_add_scalar_(1.0);
        let scale = 2.0 / scalar(&v.square().sum(Kind::Double));
        Self { v, scale }
    }

    /// The same in other floats.
    pub fn to_kind(&self, kind: Kind) -> Self {
        Self { v: self.v.to_kind(kind), scale: self.scale }
    }

    /// The axes but the first of HKH for symmetric products K, n × n: (n − 1) × (n − 1).
    pub fn within(&self, products: &Tensor) -> Tensor {
        let Self { v, scale } = self;
        // HKH = K − vwᵀ − wvᵀ with w = s(Kv − s/2·(vᵀKv)v): one pass over the products.
        let image = products.matmul(v);
        let w = (&image - v * (scalar(&v.tr().matmul(&image)) * scale / 2.0)) * *scale;
        let inner = products.addmm(&Tensor::cat(&[v, &w], 1), &Tensor::cat(&[-&w, -v], 1).tr());
        let rest = self.rest();
        inner.narrow(0, 1, rest).narrow(1, 1, rest)
    }

    /// The axes but the first of Hx: n × any to (n − 1) × any.
    pub fn down(&self, x: &Tensor) -> Tensor {
        let along = self.v.tr().matmul(x) * -self.scale;
        let rest = self.rest();
        x.narrow(0, 1, rest).addmm(&self.v.narrow(0, 1, rest), &along)
    }

    /// H with 0 on its first axis and `x` on the others: (n − 1) × any to n × any.
    pub fn up(&self, x: &Tensor) -> Tensor {
        let below = self.v.narrow(0, 1, self.rest());
        let along = below.tr().matmul(x) * -self.scale;
        Tensor::cat(&[self.v.narrow(0, 0, 1).matmul(&along), x.addmm(&below, &along)], 0)
    }

    fn rest(&self) -> i64 {
        self.v.size()[0] - 1
    }
}

impl Eigen {
    /// Decomposes centred products, n × n, 64-bit.
    pub fn of(centred: &Tensor) -> Self {
        let axes = WithoutMean::of(centred.size()[0], centred.device());
        let (values, vectors) = axes.within(centred).linalg_eigh("L");
        let vectors = axes.up(&vectors.flip([1i64].as_slice()));
        Self { values: values.flip([0i64].as_slice()).clamp_min(0.0), vectors }
    }

    /// How many eigenvalues stand above some noise.
    pub fn rank(&self, noise: f64) -> usize {
        crate::math::tensor::wide_vec(&self.values).iter().filter(|&&value| value > noise && value > 0.0).count()
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
