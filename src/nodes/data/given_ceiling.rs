//! Ceilings that a file gives, as the share of a unit's variance that can be explained.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What numbers given as ceilings are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CeilingIs {
    /// The explainable share of the variance of mean responses, 0 to 1. A split-half reliability that is corrected to all repeats is
    /// one.
    ExplainedVariance,
    /// The same in per cent, 0 to 100.
    Percent,
    /// The correlation that no model exceeds, −1 to 1; its square is the share of variance.
    Correlation,
    /// NSD's noise ceiling SNR, s = σ_signal / σ_noise of a single trial; s² / (s² + 1/n) is the share of the variance of the mean of n
    /// `repeats`.
    Ncsnr,
}

#[cfg(feature = "torch")]
impl CeilingIs {
    /// As a recipe writes it.
    fn name(self) -> &'static str {
        match self {
            Self::ExplainedVariance => "explained_variance",
            Self::Percent => "percent",
            Self::Correlation => "correlation",
            Self::Ncsnr => "ncsnr",
        }
    }

    /// The numbers that make sense, from and to.
    fn range(self) -> (f64, f64) {
        match self {
            Self::ExplainedVariance | Self::Correlation => (-1.0, 1.0),
            Self::Percent => (-100.0, 100.0),
            Self::Ncsnr => (0.0, f64::MAX),
        }
    }

    /// How a share of variance comes of it, in words behind the column's name; `repeats` is n.
    pub fn definition(self, repeats: f64) -> String {
        match self {
            Self::ExplainedVariance => "as it is given".to_owned(),
            Self::Percent => "divided by 100".to_owned(),
            Self::Correlation => "squared".to_owned(),
            Self::Ncsnr => format!("as s² / (s² + 1/{repeats})"),
        }
    }

    /// Shares of variance, and how many estimates were negative, which count as 0. A missing one is none. `column` is what the numbers
    /// are called in messages.
    pub fn shares(
        self,
        given: &[f64],
        repeats: f64,
        units: &[String],
        column: &str,
    ) -> Result<(Vec<Option<f64>>, usize), String> {
        let (least, most) = self.range();
        if let Some(at) = given.iter().position(|x| !x.is_nan() && !(least..=most).contains(x)) {
            let (out, x) = (given.iter().filter(|x| !x.is_nan() && !(least..=most).contains(*x)).count(), given[at]);
            let range = match self {
                Self::Ncsnr => "from 0 on".to_owned(),
                _ => format!("up to {most}"),
            };
            return Err(format!(
                "{column} is {x} for unit `{}`, and {out} of {} such numbers are out of range; `ceiling_is: {}` goes {range}{}",
                units[at],
                given.len(),
                self.name(),
                if self == Self::ExplainedVariance && most < x {
                    ": say `percent` or `ncsnr` where it is one"
                } else {
                    ""
                }
            ));
        }
        let greatest = given.iter().copied().filter(|x| !x.is_nan()).fold(0.0, f64::max);
        if self == Self::Percent && greatest > 0.0 && greatest <= 1.0 {
            return Err(format!(
                "{column} is {greatest} at most, which is no per cent of anything; say `ceiling_is: explained_variance` of fractions"
            ));
        }
        let negative = given.iter().filter(|x| **x < 0.0).count();
        let share = |x: f64| match self {
            Self::ExplainedVariance => x,
            Self::Percent => x / 100.0,
            Self::Correlation => x * x,
            Self::Ncsnr => x * x / (x * x + 1.0 / repeats),
        };
        let shares = given.iter().map(|&x| (!x.is_nan()).then(|| if x > 0.0 { share(x) } else { 0.0 })).collect();
        Ok((shares, negative))
    }
}

#[cfg(all(test, feature = "torch"))]
mod tests {
    use super::*;

    fn shares(is: CeilingIs, given: &[f64], repeats: f64) -> Result<(Vec<Option<f64>>, usize), String> {
        let units: Vec<String> = (0..given.len()).map(|unit| format!("u{unit}")).collect();
        is.shares(given, repeats, &units, "`nc` of x.csv")
    }

    #[test]
    fn every_form_comes_to_the_share_of_variance_that_its_definition_says() {
        let nan = f64::NAN;
        assert_eq!(
            shares(CeilingIs::ExplainedVariance, &[0.5, nan, -0.1], 1.0),
            Ok((vec![Some(0.5), None, Some(0.0)], 1))
        );
        assert_eq!(shares(CeilingIs::Percent, &[50.0, 100.0], 1.0), Ok((vec![Some(0.5), Some(1.0)], 0)));
        assert_eq!(shares(CeilingIs::Correlation, &[0.5, -0.5], 1.0), Ok((vec![Some(0.25), Some(0.0)], 1)));
        // NSD's manual: ncsnr² / (ncsnr² + 1/n), so 1 at one repeat is a half, and at three 3/4.
        assert_eq!(shares(CeilingIs::Ncsnr, &[1.0, 0.0], 1.0), Ok((vec![Some(0.5), Some(0.0)], 0)));
        assert_eq!(shares(CeilingIs::Ncsnr, &[1.0], 3.0), Ok((vec![Some(1.0 / (1.0 + 1.0 / 3.0))], 0)));
    }

    #[test]
    fn numbers_of_another_form_are_refused_with_unit_and_way_out() {
        assert_eq!(
            shares(CeilingIs::ExplainedVariance, &[0.5, 43.0, 50.0], 1.0).unwrap_err(),
            "`nc` of x.csv is 43 for unit `u1`, and 2 of 3 such numbers are out of range; `ceiling_is: explained_variance` goes up to \
             1: say `percent` or `ncsnr` where it is one"
        );
        assert!(
            shares(CeilingIs::Percent, &[0.4, 0.5], 1.0).unwrap_err().contains("0.5 at most, which is no per cent")
        );
        assert!(shares(CeilingIs::Ncsnr, &[-0.1], 3.0).unwrap_err().contains("goes from 0 on"));
        assert!(shares(CeilingIs::Correlation, &[f64::INFINITY], 3.0).unwrap_err().contains("is inf for unit `u0`"));
    }
}
