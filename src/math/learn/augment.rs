//! Pictures seen a little differently at each look: mirrored, moved, cropped, brighter or darker.
//!
//! One affine map and one factor a picture; places between pixels are interpolated bilinearly, those beyond the picture
//! repeat its border.

use rand::Rng;
use tch::Tensor;

use crate::nets::learn::looks::Looks;

/// Draws a look per picture and applies it: n × 3 × height × width, in [0, 1].
pub fn apply(looks: &Looks, pictures: &Tensor, rng: &mut impl Rng) -> Tensor {
    let (count, _, height, width) = pictures.size4().expect("pictures have four axes");
    let mut seen = pictures.shallow_clone();
    if looks.flip || looks.shift.get() > 0.0 || looks.crop.get() < 1.0 {
        let sides = [width as f64, height as f64];
        let maps: Vec<f32> = (0..count).flat_map(|_| map(looks, sides, rng)).collect();
        let maps = Tensor::from_slice(&maps).view([count, 2, 3]).to_device(pictures.device());
        let grid = Tensor::affine_grid_generator(&maps, [count, 3, height, width], false);
        // Modes of grid_sampler: bilinear, and the border repeated.
        seen = seen.grid_sampler(&grid, 0, 1, false);
    }
    if looks.brightness.get() > 0.0 {
        let factors: Vec<f32> =
            (0..count).map(|_| (1.0 + looks.brightness.get() * rng.random_range(-1.0..=1.0)) as f32).collect();
        let factors = Tensor::from_slice(&factors).view([count, 1, 1, 1]).to_device(pictures.device());
        // Not in place: where nothing moved, it is the caller's memory.
        return &seen * factors;
    }
    seen
}

/// From places in what is seen to places in the picture, both −1 … 1: 2 × 3 numbers.
fn map(looks: &Looks, sides: [f64; 2], rng: &mut impl Rng) -> [f32; 6] {
    let mirror = if looks.flip && rng.random_bool(0.5) { -1.0 } else { 1.0 };
    let scale = if looks.crop.get() < 1.0 { rng.random_range(looks.crop.get()..=1.0) } else { 1.0 };
    let [across, down] = sides.map(|side| {
        let room = 1.0 - scale;
        let place = if room > 0.0 { rng.random_range(-room..=room) } else { 0.0 };
        let moved =
            if looks.shift.get() > 0.0 { rng.random_range(-looks.shift.get()..=looks.shift.get()) } else { 0.0 };
        place + 2.0 * moved / side
    });
    [mirror * scale, 0.0, across, 0.0, scale, down].map(|x| x as f32)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha12Rng;
    use tch::{Device, Kind};

    use super::*;
    use crate::bounds::{Fraction, Nonnegative, Share};

    fn looks(flip: bool, shift: f64, crop: f64, brightness: f64) -> Looks {
        let (shift, crop) = (Nonnegative::new(shift), Share::new(crop));
        Looks { flip, shift, crop, brightness: Fraction::new(brightness) }
    }

    fn pictures(count: i64) -> Tensor {
        let numbers = Tensor::arange(3 * 8 * 10, (Kind::Float, Device::Cpu)) / 240.0;
        numbers.view([1, 3, 8, 10]).repeat([count, 1, 1, 1])
    }

    fn seen(looks: Looks, count: i64) -> Tensor {
        apply(&looks, &pictures(count), &mut ChaCha12Rng::seed_from_u64(1))
    }

    fn off(a: &Tensor, b: &Tensor) -> f64 {
        (a - b).abs().max().double_value(&[])
    }

    #[test]
    fn half_of_the_pictures_are_mirrored() {
        let plain = pictures(1);
        let mirrored = plain.flip([3]);
        let all = seen(looks(true, 0.0, 1.0, 0.0), 40);
        let count = (0..40).filter(|&at| off(&all.narrow(0, at, 1), &mirrored) < 1e-5).count();
        let same = (0..40).filter(|&at| off(&all.narrow(0, at, 1), &plain) < 1e-5).count();
        assert!(count + same == 40 && (10..=30).contains(&count), "{count} mirrored, {same} not");
    }

    #[test]
    fn light_and_place_stay_within_their_bounds() {
        let bright = seen(looks(false, 0.0, 1.0, 0.2), 30);
        let factors = (&bright / (pictures(30) + 1e-9)).flatten(1, -1).select(1, 200);
        let (least, most) = (factors.min().double_value(&[]), factors.max().double_value(&[]));
        assert!(least >= 0.8 - 1e-4 && most <= 1.2 + 1e-4 && most - least > 0.2, "{least} {most}");
        // A picture whose numbers grow by 1/240 a column: a shift by up to 2 moves the middle by up to 2/240 along a row.
        let ramp = Tensor::arange(10, (Kind::Float, Device::Cpu)).view([1, 1, 1, 10]).repeat([30, 3, 8, 1]);
        let moved = apply(&looks(false, 2.0, 1.0, 0.0), &ramp, &mut ChaCha12Rng::seed_from_u64(2));
        let middle = moved.select(3, 5).select(2, 4).select(1, 0) - 5.0;
        assert!(middle.abs().max().double_value(&[]) <= 2.0 + 1e-4 && middle.std(true).double_value(&[]) > 0.5);
        // A crop never reaches beyond the picture, so that it only interpolates.
        let cropped = apply(&looks(false, 0.0, 0.5, 0.0), &ramp, &mut ChaCha12Rng::seed_from_u64(2));
        let step = cropped.select(3, 5) - cropped.select(3, 4);
        let (least, most) = (step.min().double_value(&[]), step.max().double_value(&[]));
        assert!(least >= 0.5 - 1e-4 && most <= 1.0 + 1e-4 && most - least > 0.2, "{least} {most}");
    }

    #[test]
    fn the_same_draws_give_the_same_pictures() {
        let looks = looks(true, 2.0, 0.8, 0.1);
        assert!(seen(looks, 5).equal(&seen(looks, 5)));
        assert!(!looks.is_plain() && Looks::plain().is_plain());
    }
}
