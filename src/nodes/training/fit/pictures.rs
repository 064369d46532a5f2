//! Pictures held in memory for many looks, decoded once.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rand::Rng;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use tch::{Device, Kind, Tensor};

use crate::digest::Digest;
use crate::math::learn::augment;
use crate::math::tensor::index;
use crate::nets::input::Normalisation;
use crate::nets::learn::looks::Looks;
use crate::value::decode::Decoder;
use crate::value::images::{Images, PixelState, Source};

/// Pictures that are decoded at a time from a file of floats.
const CHUNK: usize = 64;

/// All pictures of a size, n × height × width × 3 on the CPU.
pub struct Pictures {
    /// Bytes where the source holds bytes, else floats in the source's own state.
    pixels: Tensor,
    /// What lies between the numbers and light in [0, 1]: light = number · std + mean.
    applied: Normalisation,
    /// How the network wants them.
    wanted: Normalisation,
}

/// Bytes of memory that pictures of a size take.
pub fn needed(images: &Images, size: (usize, usize)) -> u64 {
    let each = if is_float(images) { 4 } else { 1 };
    (images.len() * size.0 * size.1 * 3 * each) as u64
}

fn is_float(images: &Images) -> bool {
    matches!(images.about.source, Source::Hdf5(_))
}

impl Pictures {
    /// Decodes all pictures to a size (height, width).
    pub fn load(
        images: &Images,
        sources: &BTreeMap<Digest, PathBuf>,
        size: (usize, usize),
        wanted: Normalisation,
    ) -> Result<Self, String> {
        let decoder = Decoder::open_at(images, sources, size)?;
        let shape = [images.len(), size.0, size.1, 3].map(index);
        if is_float(images) {
            let mut parts = Vec::new();
            for from in (0..images.len()).step_by(CHUNK) {
                let rows: Vec<usize> = (from..images.len().min(from + CHUNK)).collect();
                let planes = Tensor::from_slice(&decoder.rows(&rows)?);
                let planes = planes.view([index(rows.len()), 3, index(size.0), index(size.1)]);
                parts.push(planes.permute([0, 2, 3, 1]).contiguous());
            }
            let pixels = if parts.is_empty() {
                Tensor::zeros(shape, (Kind::Float, Device::Cpu))
            } else {
                Tensor::cat(&parts, 0)
            };
            let applied = match images.about.state {
                PixelState::Unit => ([0.0; 3], [1.0; 3]),
                PixelState::Normalised { mean, std } => (mean, std),
            };
            return Ok(Self { pixels, applied, wanted });
        }
        let pictures: Result<Vec<Vec<u8>>, String> =
            (0..images.len()).into_par_iter().map(|row| decoder.picture(row).map(|picture| picture.rgb)).collect();
        let pixels = Tensor::from_slice(&pictures?.concat()).view(shape);
        Ok(Self { pixels, applied: ([0.0; 3], [1.0 / 255.0; 3]), wanted })
    }

    /// Some pictures as the network wants them, n × 3 × height × width, channels last in memory.
    pub fn batch(&self, rows: &[usize], looks: Option<&Looks>, rng: &mut impl Rng, device: Device) -> Tensor {
        let rows: Vec<i64> = rows.iter().map(|&row| index(row)).collect();
        let raw = self.pixels.index_select(0, &Tensor::from_slice(&rows)).to_device(device);
        let raw = raw.to_kind(Kind::Float).permute([0, 3, 1, 2]);
        let (mean, std) = self.applied;
        let (to_mean, to_std) = self.wanted;
        match looks.filter(|looks| !looks.is_plain()) {
            // One product and one sum from number to number.
            None => {
                let scale = std::array::from_fn(|c| std[c] / to_std[c]);
                let shift = std::array::from_fn(|c| (mean[c] - to_mean[c]) / to_std[c]);
                raw * per_channel(scale, device) + per_channel(shift, device)
            }
            Some(looks) => {
                let light = raw * per_channel(std, device) + per_channel(mean, device);
                (augment::apply(looks, &light, rng) - per_channel(to_mean, device)) / per_channel(to_std, device)
            }
        }
    }
}

fn per_channel(numbers: [f32; 3], device: Device) -> Tensor {
    Tensor::from_slice(&numbers).view([1, 3, 1, 1]).to_device(device)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::bounds::Fraction;
    use crate::nets::input::Input;
    use crate::nets::zoo::catalogue::{IMAGENET_MEAN, IMAGENET_STD};
    use crate::nodes::testing::stimuli;

    #[test]
    fn a_batch_is_what_every_network_is_fed() {
        let bytes: Vec<u8> = (0..3 * 4 * 6 * 3).map(|i: usize| (i * 7 % 256) as u8).collect();
        let images = Images::rendered(stimuli(3), (4, 6), bytes);
        let wanted = (IMAGENET_MEAN, IMAGENET_STD);
        let pictures = Pictures::load(&images, &BTreeMap::new(), (4, 6), wanted).expect("it decodes");
        let mut rng = rand_chacha::ChaCha12Rng::seed_from_u64(0);
        let ours = pictures.batch(&[2, 0], None, &mut rng, Device::Cpu);
        let decoder = Decoder::open(&images, &BTreeMap::new()).expect("it opens");
        let theirs = Input::new(wanted, None).prepare(&decoder.rows(&[2, 0]).expect("pixels"), 24);
        let theirs = Tensor::from_slice(&theirs).view([2, 4, 6, 3]).permute([0, 3, 1, 2]);
        assert!((&ours - theirs).abs().max().double_value(&[]) < 1e-5);
        assert_eq!(needed(&images, (4, 6)), 3 * 4 * 6 * 3);
        let bright = Looks { brightness: Fraction::new(0.5), ..Looks::plain() };
        let other = pictures.batch(&[2, 0], Some(&bright), &mut rng, Device::Cpu);
        assert!((ours - other).abs().max().double_value(&[]) > 0.05);
    }
}
