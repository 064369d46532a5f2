//! Symmetric matrices reduced to a band, after which a system of any shift costs little.
//!
//! A = QBQᵀ with Q orthogonal and B of a band, so that (A + αI)⁻¹c = Q(B + αI)⁻¹Qᵀc. It takes a small part of an
//! eigendecomposition's time, since nearly all of it is products of matrices: panels of Householder reflections (Bischof,
//! Lang and Sun 2000), each applied at once in its compact form (Schreiber and Van Loan 1989).

use tch::Tensor;

use crate::math::tensor::{index, wide_vec};

/// Columns of a panel, which are the numbers below a diagonal one in the band. A multiple of the 12 columns that MKL's products
/// of 64-bit floats take at a time: with 64, a reduction took a fifth longer and systems a half.
const PANEL: i64 = 48;
/// Columns of the triangle that are updated at a time; those above a strip's square are not read again.
const STRIP: i64 = 256;

/// A symmetric matrix, n × n, in 64 bits, as QBQᵀ.
pub struct Band {
    panels: Vec<Panel>,
    /// The squares on B's diagonal, of which the lower triangles count.
    diagonal: Vec<Tensor>,
    /// The blocks below them, upper triangular.
    below: Vec<Tensor>,
}

/// Factors of B + αI = LLᵀ for some α, of every block side by side.
struct Factors {
    /// The inverses of L's blocks on the diagonal. Products with an inverse of so few rows are as exact as substitution, and
    /// twice as fast.
    inverses: Vec<Tensor>,
    /// The transposes of the blocks below them.
    beside: Vec<Tensor>,
    /// Per shift 0, or how far a factor came.
    failed: Tensor,
}

/// Reflections of the rows from `from` on: I − VTVᵀ.
struct Panel {
    from: i64,
    v: Tensor,
    t: Tensor,
}

impl Panel {
    /// The reflections that turn `block`, rows × columns, into an upper triangle, and the triangle.
    fn of(block: &Tensor, from: i64) -> (Self, Tensor) {
        let (reflectors, tau) = block.geqrf();
        let count = tau.size()[0];
        let triangle = reflectors.narrow(0, 0, count).triu(0);
        let v = reflectors.narrow(1, 0, count).tril(-1);
        let _ = v.diagonal(0, 0, 1).fill_(1.0);
        // A column that is zero already is not reflected, of which LAPACK's sign is τ = 0.
        let none = tau.eq(0.0);
        let v = v.masked_fill(&none.unsqueeze(0), 0.0);
        // T = (the upper triangle of VᵀV, and 1/τ on the diagonal)⁻¹ (Joffrain et al. 2006).
        let inverse = v.tr().matmul(&v).triu(1) + tau.masked_fill(&none, 1.0).reciprocal().diag(0);
        let identity = Tensor::eye(count, (v.kind(), v.device()));
        let t = inverse.linalg_solve_triangular(&identity, true, true, false);
        (Self { from, v, t }, triangle)
    }

    /// Applies the reflections, or their transpose, to the rows of `x`, in place.
    fn apply(&self, x: &Tensor, transposed: bool) {
        let t = if transposed { self.t.tr() } else { self.t.shallow_clone() };
        let mut rows = x.narrow(0, self.from, self.v.size()[0]);
        let seen = t.matmul(&self.v.tr().matmul(&rows));
        let _ = rows.addmm_(&self.v, &-seen);
    }
}

impl Band {
    /// Reduces a matrix, of which the lower triangle is read, and all is overwritten.
    pub fn of(matrix: Tensor) -> Self {
        let size = matrix.size()[0];
        let (mut panels, mut diagonal, mut below) = (Vec::new(), Vec::new(), Vec::new());
        mirror_strips(&matrix);
        let mut from = 0;
        loop {
            let width = PANEL.min(size - from);
            diagonal.push(matrix.narrow(0, from, width).narrow(1, from, width).copy());
            let next = from + width;
            if next >= size {
                break;
            }
            let (panel, triangle) = Panel::of(&matrix.narrow(0, next, size - next).narrow(1, from, width), next);
            below.push(triangle);
            // QᵀAQ = A − VWᵀ − WVᵀ with W = P − V(TᵀVᵀP)/2 and P = AVT.
            let Panel { v, t, .. } = &panel;
            let image = times(&matrix, next, v).matmul(t);
            let w = &image - v.matmul(&t.tr().matmul(&v.tr().matmul(&image))) * 0.5;
            update(&matrix, next, &Tensor::cat(&[&-&w, &-v], 1), &Tensor::cat(&[v, &w], 1));
            panels.push(panel);
            from = next;
        }
        Self { panels, diagonal, below }
    }

    /// Qᵀx for x n × any.
    pub fn turn(&self, x: &Tensor) -> Tensor {
        let out = x.copy();
        self.panels.iter().for_each(|panel| panel.apply(&out, true));
        out
    }

    /// Qx for x n × any.
    pub fn turn_back(&self, x: &Tensor) -> Tensor {
        let out = x.copy();
        self.panels.iter().rev().for_each(|panel| panel.apply(&out, false));
        out
    }

    /// Whether B + αI is positive definite for each of some α above 0, clear of rounding: B + αI/2 is so too.
    pub fn definite(&self, shifts: &[f64]) -> Vec<bool> {
        let half: Vec<f64> = shifts.iter().map(|shift| shift / 2.0).collect();
        // What holds for the smallest, as it mostly does, holds for all.
        let Some(smallest) = half.iter().copied().min_by(f64::total_cmp) else { return Vec::new() };
        let of = |shifts: &[f64]| wide_vec(&self.factors(shifts).failed.eq(0));
        if of(&[smallest])[0] == 1.0 {
            return vec![true; shifts.len()];
        }
        of(&half).into_iter().map(|definite| definite == 1.0).collect()
    }

    fn factors(&self, shifts: &[f64]) -> Factors {
        let (kind, device) = (self.diagonal[0].kind(), self.diagonal[0].device());
        let count = index(shifts.len());
        let shift = Tensor::from_slice(shifts).to_device(device).view([-1, 1, 1]);
        let (mut inverses, mut beside) = (Vec::new(), Vec::<Tensor>::new());
        let mut failed = Vec::new();
        for (at, block) in self.diagonal.iter().enumerate() {
            let identity = Tensor::eye(block.size()[0], (kind, device));
            let mut square = block + &shift * &identity;
            if let Some(beside) = beside.last() {
                square = square.baddbmm(&beside.transpose(1, 2), beside, 1.0, -1.0);
            }
            let (factor, info) = square.linalg_cholesky_ex(false, false);
            failed.push(info);
            let identity = identity.expand([count, -1, -1], false);
            let inverse = factor.linalg_solve_triangular(&identity, false, true, false);
            if let Some(below) = self.below.get(at) {
                beside.push(inverse.matmul(&below.tr()));
            }
            inverses.push(inverse);
        }
        let failed = Tensor::stack(&failed, 0).amax([0i64].as_slice(), false);
        Factors { inverses, beside, failed }
    }

    /// L⁻¹c with B + αI = LLᵀ, for c n × columns and an α for which that is definite.
    pub fn whiten(&self, c: &Tensor, shift: f64) -> Tensor {
        let Factors { inverses, beside, .. } = self.factors(&[shift]);
        let out = Tensor::empty_like(c);
        let mut from = 0;
        for (at, inverse) in inverses.iter().enumerate() {
            let width = inverse.size()[1];
            let mut right = c.narrow(0, from, width);
            if at > 0 {
                let above = beside[at - 1].squeeze_dim(0).tr();
                right = right.addmm(&-above, &out.narrow(0, from - PANEL, PANEL));
            }
            out.narrow(0, from, width).copy_(&inverse.squeeze_dim(0).matmul(&right));
            from += width;
        }
        out
    }

    /// (B + αI)⁻¹c for c n × columns and some α for which that is definite: shifts × n × columns.
    pub fn solve(&self, c: &Tensor, shifts: &[f64]) -> Tensor {
        let Factors { inverses, beside, .. } = self.factors(shifts);
        let mut found = Vec::<Tensor>::new();
        let mut from = 0;
        for (at, inverse) in inverses.iter().enumerate() {
            let (count, width, _) = inverse.size3().expect("of three axes");
            let mut right = c.narrow(0, from, width).expand([count, -1, -1], false);
            if let Some(last) = found.last() {
                right = right.baddbmm(&beside[at - 1].transpose(1, 2), last, 1.0, -1.0);
            }
            found.push(inverse.bmm(&right));
            from += width;
        }
        for at in (0..found.len()).rev() {
            let right = match beside.get(at) {
                Some(beside) => found[at].baddbmm(beside, &found[at + 1], 1.0, -1.0),
                None => found[at].shallow_clone(),
            };
            found[at] = inverses[at].transpose(1, 2).bmm(&right);
        }
        Tensor::cat(&found, 1)
    }
}

/// The strips of columns from `from` on: where each begins and how wide it is. They end at the same columns whatever `from`.
fn strips(from: i64, size: i64) -> impl Iterator<Item = (i64, i64)> {
    (from / STRIP..(size + STRIP - 1) / STRIP).map(move |at| {
        let left = (at * STRIP).max(from);
        (left, ((at + 1) * STRIP).min(size) - left)
    })
}

/// Fills the upper triangle of each strip's square from the lower.
fn mirror_strips(matrix: &Tensor) {
    for (left, width) in strips(0, matrix.size()[0]) {
        let mut square = matrix.narrow(0, left, width).narrow(1, left, width);
        square.copy_(&(square.tril(0) + square.tril(-1).tr()));
    }
}

/// Av for the symmetric A in the rows and columns from `from` on, of which strips are read from their squares down.
fn times(matrix: &Tensor, from: i64, v: &Tensor) -> Tensor {
    let size = matrix.size()[0];
    let out = Tensor::zeros_like(v);
    for (left, width) in strips(from, size) {
        let strip = matrix.narrow(0, left, size - left).narrow(1, left, width);
        let of = |x: &Tensor, first: i64, count: i64| x.narrow(0, first - from, count);
        let _ = of(&out, left, size - left).addmm_(&strip, &of(v, left, width));
        let (under, rest) = (left + width, size - left - width);
        if rest > 0 {
            let _ = of(&out, left, width).addmm_(&strip.narrow(0, width, rest).tr(), &of(v, under, rest));
        }
    }
    out
}

/// Adds `left`·`right`ᵀ to the rows and columns from `from` on, strip by strip from its square down.
fn update(matrix: &Tensor, from: i64, left: &Tensor, right: &Tensor) {
    let size = matrix.size()[0];
    let right = right.tr();
    for (first, width) in strips(from, size) {
        let mut strip = matrix.narrow(0, first, size - first).narrow(1, first, width);
        let _ = strip.addmm_(&left.narrow(0, first - from, size - first), &right.narrow(1, first - from, width));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::tensor::scalar;
    use tch::Kind;

    const DOUBLE: (Kind, tch::Device) = (Kind::Double, tch::Device::Cpu);

    fn worst(x: &Tensor) -> f64 {
        scalar(&x.abs().max())
    }

    fn products(size: i64, rank: i64) -> Tensor {
        let x = Tensor::randn([size, rank], DOUBLE);
        x.matmul(&x.tr())
    }

    /// By elimination with pivots of the whole.
    fn solved(matrix: &Tensor, c: &Tensor, shift: f64) -> Tensor {
        let shifted = matrix + Tensor::eye(matrix.size()[0], DOUBLE) * shift;
        Tensor::linalg_solve(&shifted, c, true)
    }

    /// B, of which the lower triangle counts.
    fn dense(band: &Band) -> Tensor {
        let sizes: Vec<i64> = band.diagonal.iter().map(|block| block.size()[0]).collect();
        let size: i64 = sizes.iter().sum();
        let out = Tensor::zeros([size, size], DOUBLE);
        let mut from = 0;
        for (at, &width) in sizes.iter().enumerate() {
            out.narrow(0, from, width).narrow(1, from, width).copy_(&band.diagonal[at]);
            if let Some(below) = band.below.get(at) {
                out.narrow(0, from + width, below.size()[0]).narrow(1, from, width).copy_(below);
            }
            from += width;
        }
        out
    }

    #[test]
    fn shifted_systems_equal_elimination_at_every_size() {
        tch::manual_seed(4);
        for size in [1, 2, 47, 48, 49, 95, 96, 97, 144, 145, 241, 255, 256, 257, 289, 600] {
            let matrix = products(size, size + 20);
            let c = Tensor::randn([size, 3], DOUBLE);
            // What stands in the upper triangle is not read.
            let band = Band::of(matrix.tril(0) + Tensor::full([size, size], 7.0, DOUBLE).triu(1));
            let shifts = [1e-3, 1.0, 1e4];
            assert_eq!(band.definite(&shifts), [true; 3], "{size}");
            let found = band.solve(&band.turn(&c), &shifts);
            assert_eq!(found.size(), [3, size, 3]);
            for (at, &shift) in shifts.iter().enumerate() {
                let expected = solved(&matrix, &c, shift);
                let difference = worst(&(band.turn_back(&found.get(index(at))) - &expected)) / worst(&expected);
                assert!(difference < 1e-11, "{size}, {shift}: {difference}");
            }
        }
    }

    #[test]
    fn turning_is_orthogonal_and_reproduces_the_matrix() {
        tch::manual_seed(5);
        let matrix = products(300, 310);
        let band = Band::of(matrix.copy());
        let x = Tensor::randn([300, 4], DOUBLE);
        assert!(worst(&(band.turn_back(&band.turn(&x)) - &x)) < 1e-13);
        let b = dense(&band);
        let b = b.tril(0) + b.tril(-1).tr();
        assert!(worst(&b.tril(-PANEL - 1)) == 0.0);
        let again = band.turn_back(&band.turn_back(&b).tr());
        assert!(worst(&(again - &matrix)) < 1e-11 * worst(&matrix));
    }

    #[test]
    fn penalties_within_rounding_of_a_low_rank_are_told() {
        tch::manual_seed(6);
        for (size, rank) in [(40, 3), (150, 20), (150, 0)] {
            let x = Tensor::randn([size, rank.max(1)], DOUBLE) * f64::from(u8::from(rank > 0));
            let matrix = x.matmul(&x.tr());
            let band = Band::of(matrix.copy());
            let c = Tensor::randn([size, 2], DOUBLE);
            let turned = band.turn(&c);
            assert_eq!(band.definite(&[1e-6, 1e-2]), [true; 2], "{size} of rank {rank}");
            for shift in [1e-6, 1e-2] {
                // A(A + αI)⁻¹c, of which the other form, (XᵀX + αI)⁻¹, is of full rank.
                let fitted = matrix.matmul(&band.turn_back(&band.solve(&turned, &[shift]).get(0)));
                let expected = x.matmul(&solved(&x.tr().matmul(&x), &x.tr().matmul(&c), shift));
                let difference = worst(&(fitted - expected));
                assert!(difference < 1e-5, "{size} of rank {rank}, {shift}: {difference}");
            }
        }
        // An eigenvalue of −1, and what lies on either side of twice its size.
        let band = Band::of(products(100, 120) * 0.0 - Tensor::eye(100, DOUBLE));
        assert_eq!(band.definite(&[1.9, 2.1, 0.5]), [false, true, false]);
    }
}
