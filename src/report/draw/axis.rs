//! An axis: its range, and ticks where people would put them.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::report::draw::number;

/// A linear, logarithmic or categorical axis.
#[derive(Clone, Debug)]
pub struct Axis {
    from: f64,
    to: f64,
    ticks: Vec<(f64, String)>,
    scale: Scale,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    Linear,
    Log,
    Bands,
}

impl Axis {
    /// A linear axis that holds the values, widened to whole ticks of about the number asked for.
    pub fn linear(low: f64, high: f64, ticks: usize) -> Self {
        let (low, high) = sane(low, high);
        let step = nice_step((high - low) / ticks.max(1) as f64);
        let (first, last) = ((low / step + 1e-6).floor(), (high / step - 1e-6).ceil());
        // A few values just below a tick are worth a little room, not a whole step of it.
        let (mut from, mut ticked) = (first * step, first);
        if first < 0.0 && low - from > 0.6 * step {
            (from, ticked) = (low - 0.08 * step, first + 1.0);
        }
        let ticks = steps(ticked, last).map(|at| (at * step, tick(at * step, step))).collect();
        Self { from, to: last * step, ticks, scale: Scale::Linear }
    }

    /// A linear axis that ends at the values given, with ticks inside.
    pub fn tight(low: f64, high: f64, ticks: usize) -> Self {
        let (low, high) = sane(low, high);
        let step = nice_step((high - low) / ticks.max(1) as f64);
        let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
        let ticks = steps(first, last).map(|at| (at * step, tick(at * step, step))).collect();
        Self { from: low, to: high, ticks, scale: Scale::Linear }
    }

    /// A logarithmic axis over positive values, with a tick at powers of ten.
    pub fn log(low: f64, high: f64, ticks: usize) -> Self {
        let sound = low.is_finite() && high.is_finite() && low > 0.0 && high >= low;
        let (low, high) = if sound { (low, high) } else { (1.0, 10.0) };
        let (mut from, mut to) = (low.log10(), high.log10());
        if to - from < 0.5 {
            (from, to) = (from - 0.5, to + 0.5);
        }
        let (first, last) = (from.ceil() as i32, to.floor() as i32);
        let every = (((last - first + 1) as f64 / ticks.max(1) as f64).ceil() as usize).max(1);
        let mut ticks: Vec<(f64, String)> =
            (first..=last).step_by(every).map(|e| 10f64.powi(e)).map(|x| (x, number::decade(x))).collect();
        // One way to write them all, where some are too long to be written out.
        if ticks.iter().any(|(_, label)| label.contains(number::RAISED)) {
            ticks.iter_mut().for_each(|(x, label)| *label = number::power(*x));
        }
        if ticks.len() < 2 {
            // Within a decade, powers of ten alone tell nothing.
            let within = |x: &f64| (from..=to).contains(&x.log10());
            let all = (first - 1..=last + 1).flat_map(|e| [1.0, 2.0, 5.0].map(|factor| factor * 10f64.powi(e)));
            ticks = all.filter(within).map(|x| (x, number::general(x))).collect();
        }
        Self { from, to, ticks, scale: Scale::Log }
    }

    /// Categories in order, each one wide, the first around 0.
    pub fn bands(labels: &[String]) -> Self {
        let ticks = labels.iter().enumerate().map(|(at, label)| (at as f64, label.clone())).collect();
        Self { from: -0.5, to: labels.len().max(1) as f64 - 0.5, ticks, scale: Scale::Bands }
    }

    /// The same of so many categories, with a name at some places alone.
    pub fn named(ticks: Vec<(f64, String)>, count: usize) -> Self {
        Self { from: -0.5, to: count.max(1) as f64 - 0.5, ticks, scale: Scale::Bands }
    }

    /// The same axis the other way round: a vertical one that counts downwards.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        std::mem::swap(&mut self.from, &mut self.to);
        self
    }

    /// The labels of its ticks.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.ticks.iter().map(|(_, label)| label.as_str())
    }

    /// Whether it counts categories, which need no lines of a grid.
    pub fn is_bands(&self) -> bool {
        self.scale == Scale::Bands
    }

    /// The values at its ends.
    pub fn ends(&self) -> (f64, f64) {
        match self.scale {
            Scale::Log => (10f64.powf(self.from), 10f64.powf(self.to)),
            Scale::Linear | Scale::Bands => (self.from, self.to),
        }
    }

    /// Where the line below the plot stands: at its low end, or at zero where only a little room is below.
    pub fn baseline(&self) -> f64 {
        let first = self.ticks.first().map(|tick| tick.0);
        if self.scale == Scale::Linear && self.from < 0.0 && first == Some(0.0) { 0.0 } else { self.ends().0 }
    }

    /// Where a value lies between the ends, from 0 to 1; beyond them where it lies outside.
    fn place(&self, value: f64) -> f64 {
        let value = if self.scale == Scale::Log { value.max(f64::MIN_POSITIVE).log10() } else { value };
        let place = (value - self.from) / (self.to - self.from);
        if place.is_finite() { place.clamp(-1.0, 2.0) } else { 0.0 }
    }
}

/// Finite and apart, whatever the data are.
fn sane(low: f64, high: f64) -> (f64, f64) {
    let (low, high) = if low.is_finite() && high.is_finite() { (low.min(high), low.max(high)) } else { (0.0, 1.0) };
    let least = (low.abs().max(high.abs()) * 1e-6).max(1e-12);
    if high - low < least {
        let room = if low == 0.0 { 0.5 } else { low.abs() * 0.1 };
        (low - room, high + room)
    } else {
        (low, high)
    }
}

/// 1, 2, 2.5 or 5 times a power of ten, not below the width asked for.
pub fn nice_step(width: f64) -> f64 {
    let power = 10f64.powf(width.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0].into_iter().find(|f| f * power >= width * 0.999).unwrap_or(10.0);
    factor * power
}

/// A tick's label, with as many decimals as its neighbours have.
fn tick(value: f64, step: f64) -> String {
    if value.abs() < step * 1e-6 {
        return "0".to_owned();
    }
    if !(1e-4..1e5).contains(&step) || value.abs() >= 1e6 {
        return number::general(value);
    }
    let decimals = (0..6).find(|&d| (step * 10f64.powi(d)).fract().min(1.0 - (step * 10f64.powi(d)).fract()) < 1e-6);
    let text = format!("{:.*}", decimals.unwrap_or(6) as usize, value.abs());
    let text = match text.strip_prefix("0.") {
        Some(rest) => format!(".{rest}"),
        None if text.contains('.') => text,
        None => number::count(value.abs().round() as usize),
    };
    if value < 0.0 { format!("−{text}") } else { text }
}

fn steps(first: f64, last: f64) -> impl Iterator<Item = f64> {
    let count = (last - first).clamp(0.0, 60.0) as usize;
    (0..=count).map(move |at| first + at as f64)
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        start + (self.place(*value) * f64::from(end - start)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // plotters asks twice; the second time for the lighter lines between, of which there are none.
        if hint.weight().allow_light_points() {
            return Vec::new();
        }
        self.ticks.iter().map(|(value, _)| *value).collect()
    }

    fn range(&self) -> Range<f64> {
        let (from, to) = self.ends();
        from..to
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        self.ticks.iter().find(|(tick, _)| tick == value).map(|(_, label)| label.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.labels().collect()
    }

    #[test]
    fn ticks_are_round_and_hold_the_data() {
        let axis = Axis::linear(-0.03, 0.61, 5);
        assert_eq!(labels(&axis), ["0", ".2", ".4", ".6", ".8"]);
        assert!(axis.ends().0 < -0.03 && axis.ends().0 > -0.1, "room for −.03, but not a whole step of it");
        assert_eq!(labels(&Axis::linear(-0.13, 0.61, 5)), ["−.2", "0", ".2", ".4", ".6", ".8"]);
        assert_eq!(labels(&Axis::tight(0.0, 1.0, 4)), ["0", ".25", ".50", ".75", "1.00"]);
        assert_eq!(labels(&Axis::linear(0.0, 4100.0, 4)), ["0", "2,000", "4,000", "6,000"]);
        assert_eq!(labels(&Axis::log(3.0, 2e7, 4)), ["10", "10³", "10⁵", "10⁷"]);
        assert_eq!(labels(&Axis::log(1.2e-4, 1e-3, 4)), ["2 × 10⁻⁴", "5 × 10⁻⁴", ".001"]);
    }

    #[test]
    fn odd_ranges_make_an_axis_all_the_same() {
        for (low, high) in
            [(0.0, 0.0), (f64::NAN, 1.0), (5.0, 5.0), (1e300, -1e300), (f64::NEG_INFINITY, f64::INFINITY)]
        {
            for axis in [Axis::linear(low, high, 5), Axis::tight(low, high, 5)] {
                let (from, to) = axis.ends();
                assert!(from < to && from.is_finite() && to.is_finite(), "{low} to {high} gave {from} to {to}");
                assert!((0..=100).contains(&axis.map(&((from + to) / 2.0), (0, 100))));
            }
            let (from, to) = Axis::log(low, high, 5).ends();
            assert!(from < to);
        }
    }

    #[test]
    fn a_reversed_axis_counts_down() {
        let names = ["a".to_owned(), "b".to_owned()];
        assert_eq!(Axis::bands(&names).map(&0.0, (0, 100)), 25);
        assert_eq!(Axis::bands(&names).reversed().map(&0.0, (0, 100)), 75);
    }
}
