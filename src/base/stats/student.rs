//! Student's t distribution.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// The quantile q in (0, 1) of t with so many degrees of freedom, more than 0.
///
/// Of many, by the expansion around the normal quantile (Abramowitz and Stegun 26.7.5), where the inverted beta function loses digits.
pub fn quantile(q: f64, freedom: f64) -> f64 {
    if freedom > 1000.0 {
        let z = Normal::standard().inverse_cdf(q);
        let (first, second) = ((z.powi(3) + z) / 4.0, (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0);
        return z + first / freedom + second / freedom.powi(2);
    }
    let t = StudentsT::new(0.0, 1.0, freedom).expect("the caller's degrees of freedom are more than 0");
    t.inverse_cdf(q)
}

/// The two-sided p of t with so many degrees of freedom, more than 0.
pub fn two_sided(t: f64, freedom: f64) -> f64 {
    let of = StudentsT::new(0.0, 1.0, freedom).expect("the caller's degrees of freedom are more than 0");
    (2.0 * of.sf(t.abs())).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_scipy_s() {
        // scipy.stats.t.ppf(.975, [2, 3, 9, 100, 999, 1001, 1e6])
        let right = [
            (2.0, 4.302_652_729_749_462),
            (3.0, 3.182_446_305_283_707_8),
            (9.0, 2.262_157_162_798_205),
            (100.0, 1.983_971_518_523_551_8),
            (999.0, 1.962_341_461_133_449),
            (1001.0, 1.962_336_705_280_88),
            (1e6, 1.959_966_356_814_107),
        ];
        for (freedom, right) in right {
            assert!((quantile(0.975, freedom) - right).abs() < 1e-8, "{freedom}: {}", quantile(0.975, freedom));
            assert!((quantile(0.025, freedom) + right).abs() < 1e-8);
        }
    }

    #[test]
    fn tails_are_scipy_s() {
        // 2 * scipy.stats.t.sf(2.5, 7)
        assert!((two_sided(-2.5, 7.0) - 0.040_992_218_585_752_89).abs() < 1e-9);
        assert_eq!(two_sided(0.0, 3.0), 1.0);
    }
}
