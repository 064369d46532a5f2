//! Many images through a network: while one batch is computed, the next is decoded and the last one stored.

use std::ops::Range;
use std::sync::mpsc::sync_channel;

use rayon::iter::{ParallelBridge, ParallelIterator};
use tch::{Device, Tensor};

use crate::libtorch;

use crate::device;

/// Batches that wait between two stages: enough that a slow moment of one does not stop the other.
const WAITING: usize = 2;
/// The side of the squares in which planes are transposed; a square of floats lies in the first-level cache.
const TILE: usize = 16;

/// What gives layers' outputs for images.
pub trait Forward: Send {
    /// The layers' outputs in 32-bit floats, in the order in which they were asked for, an entry per image first, for
    /// n × 3 × height × width normalised images on its device.
    ///
    /// Errors are libtorch's, in words; it may panic as libtorch does, too.
    fn outputs(&self, images: &Tensor) -> Result<Vec<Tensor>, String>;
}

/// Images that a network is to see.
pub struct Feed<D> {
    pub images: usize,
    /// The image it starts with; those before it are known.
    pub first: usize,
    /// Height and width.
    pub size: (usize, usize),
    /// Images per batch.
    pub batch: usize,
    pub device: Device,
    /// Gives the images of a range as `Input::prepare` lays them out.
    pub decode: D,
}

/// Runs all images through the network, batch by batch, in order.
///
/// `shape` turns a layer's output into what is stored; `store` takes a batch: the range of images, and for each
/// layer its rows in channel, height, width order. Where the device runs out of memory, `halved` is told the images per
/// batch from then on.
pub fn stream<D, E>(
    network: Box<dyn Forward>,
    feed: Feed<D>,
    shape: impl Fn(Tensor) -> Tensor + Send,
    halved: impl Fn(usize) + Send,
    mut store: impl FnMut(Range<usize>, &[Vec<f32>]) -> Result<(), E>,
) -> Result<(), E>
where
    D: FnMut(Range<usize>) -> Result<Vec<f32>, String> + Send,
    E: From<String>,
{
    let Feed { images, first, size: (height, width), batch, device, mut decode } = feed;
    let batch = batch.max(1);
    let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1);
    std::thread::scope(|scope| {
        let (to_network, decoded) = sync_channel(WAITING);
        let (to_store, computed) = sync_channel(WAITING);
        scope.spawn(move || {
            for from in (first..images).step_by(batch) {
                let range = from..images.min(from + batch);
                let pixels = libtorch::guard(|| decode(range.clone())).flatten().map(|pixels| (range, pixels));
                let failed = pixels.is_err();
                if to_network.send(pixels).is_err() || failed {
                    return;
                }
            }
        });
        scope.spawn(move || {
            // Each thread of ours has a team of its own in libtorch.
            libtorch::set_threads(threads);
            let mut most = batch;
            for pixels in decoded {
                let outputs = pixels.and_then(|(range, pixels): (Range<usize>, Vec<f32>)| {
                    let sides = [range.len(), height, width, 3].map(|side| side as i64);
                    let images = libtorch::guard(|| Tensor::from_slice(&pixels).view(sides).permute([0, 3, 1, 2]))?;
                    let before = most;
                    let outputs = in_parts(&images, &mut most, |part| {
                        libtorch::guard(|| {
                            let outputs = network.outputs(&part.to_device(device))?.into_iter().map(&shape);
                            Ok(outputs.map(|output| output.to_device(Device::Cpu)).collect::<Vec<_>>())
                        })
                        .flatten()
                    });
                    if most < before {
                        halved(most);
                    }
                    outputs.map(|outputs| (range, outputs))
                });
                let failed = outputs.is_err();
                if to_store.send(outputs).is_err() || failed {
                    return;
                }
            }
        });
        let mut rows = Vec::new();
        for outputs in computed {
            let (range, outputs) = outputs?;
            rows.resize_with(outputs.len(), Vec::new);
            outputs.into_iter().zip(&mut rows).par_bridge().for_each(|(output, rows)| in_rows(&output, rows));
            store(range, &rows)?;
        }
        Ok(())
    })
}

/// Computes images in parts of at most `most`, which is halved where memory runs out.
fn in_parts(
    images: &Tensor,
    most: &mut usize,
    compute: impl Fn(&Tensor) -> Result<Vec<Tensor>, String>,
) -> Result<Vec<Tensor>, String> {
    let count = images.size()[0] as usize;
    let mut parts: Vec<Vec<Tensor>> = Vec::new();
    let mut from = 0;
    while from < count {
        let length = (*most).min(count - from);
        match compute(&images.narrow(0, from as i64, length as i64)) {
            Ok(outputs) => {
                parts.push(outputs);
                from += length;
            }
            Err(error) if device::is_short_of_memory(&error) && length > 1 => *most = length.div_ceil(2),
            Err(error) => return Err(error),
        }
    }
    if parts.len() == 1 {
        return Ok(parts.swap_remove(0));
    }
    let layers = parts.first().map_or(0, Vec::len);
    Ok((0..layers).map(|layer| Tensor::cat(&parts.iter().map(|part| &part[layer]).collect::<Vec<_>>(), 0)).collect())
}

/// Copies a tensor of the CPU, n × anything, in row-major order, whatever its order in memory.
fn in_rows(tensor: &Tensor, rows: &mut Vec<f32>) {
    rows.resize(tensor.numel(), 0.0);
    let size = tensor.size();
    if let &[_, channels, height, width] = size.as_slice() {
        let last = tensor.permute([0, 2, 3, 1]);
        if last.is_contiguous() && channels > 1 && height * width > 1 {
            let (channels, area) = (channels as usize, (height * width) as usize);
            let images = floats(&last).chunks_exact(channels * area);
            for (image, out) in images.zip(rows.chunks_exact_mut(channels * area)) {
                transpose(image, channels, out, area);
            }
            return;
        }
    }
    rows.copy_from_slice(floats(&tensor.contiguous()));
}

/// The numbers of a contiguous tensor of 32-bit floats on the CPU.
pub fn floats(tensor: &Tensor) -> &[f32] {
    assert!(tensor.is_contiguous() && tensor.kind() == tch::Kind::Float && tensor.device() == Device::Cpu);
    if tensor.numel() == 0 {
        return &[];
    }
    // SAFETY: such a tensor is `numel` floats in a row, alive and unchanged while it is borrowed.
    unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast::<f32>(), tensor.numel()) }
}

/// The same, to be written.
pub fn floats_mut(tensor: &mut Tensor) -> &mut [f32] {
    assert!(tensor.is_contiguous() && tensor.kind() == tch::Kind::Float && tensor.device() == Device::Cpu);
    if tensor.numel() == 0 {
        return &mut [];
    }
    // SAFETY: as above; the caller made the tensor and shares it with nobody yet.
    unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast::<f32>(), tensor.numel()) }
}

/// Writes area × channels numbers as channels × area, tile by tile.
fn transpose(image: &[f32], channels: usize, out: &mut [f32], area: usize) {
    for c in (0..channels).step_by(TILE) {
        let wide = TILE.min(channels - c);
        for a in (0..area).step_by(TILE) {
            let high = TILE.min(area - a);
            for channel in c..c + wide {
                let to = &mut out[channel * area + a..][..high];
                for (slot, at) in to.iter_mut().zip(a..) {
                    *slot = image[at * channels + channel];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;
    use crate::nets::init::random;
    use crate::nets::zoo::catalogue::describe;
    use crate::runtime::network::Network;

    #[test]
    fn rows_are_in_channel_height_width_order_whatever_the_memory() {
        for shape in [[2, 3, 4, 5], [1, 17, 33, 1], [3, 1, 4, 4], [2, 40, 1, 1], [2, 64, 9, 7], [0, 3, 4, 4]] {
            let count = shape.iter().product::<i64>();
            let plain = Tensor::arange(count, (Kind::Float, Device::Cpu)).view(shape);
            let last = plain.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]);
            let expected: Vec<f32> = (0..count).map(|x| x as f32).collect();
            let mut rows = vec![-1.0; 7];
            for tensor in [plain, last] {
                in_rows(&tensor, &mut rows);
                assert_eq!(rows, expected, "{shape:?}");
            }
        }
        let mut rows = Vec::new();
        in_rows(&Tensor::from_slice(&[1.0_f32, 2.0]).view([2, 1]), &mut rows);
        assert_eq!(rows, [1.0, 2.0]);
    }

    /// Streams five images, the last batch one image, through the first layer.
    fn run(
        decode: impl FnMut(Range<usize>) -> Result<Vec<f32>, String> + Send,
        store: impl FnMut(Range<usize>, &[Vec<f32>]) -> Result<(), String>,
    ) -> Result<(), String> {
        let squeezenet = describe("squeezenet1_1").expect("it ships");
        let layers = ["features.1", "features.0"];
        let network = Network::load(squeezenet, &layers, &random(squeezenet, &layers, 0), Device::Cpu);
        let feed = Feed { images: 5, first: 0, size: (8, 8), batch: 2, device: Device::Cpu, decode };
        stream(Box::new(network), feed, |output| output, |_| (), store)
    }

    #[test]
    fn batches_come_in_order_with_the_layers_as_asked() {
        let mut seen = Vec::new();
        let decode = |range: Range<usize>| Ok(vec![range.start as f32; range.len() * 3 * 64]);
        let result = run(decode, |range, outputs| {
            let [rectified, raw] = outputs else { panic!("two layers") };
            assert_eq!(raw.len(), range.len() * 64 * 9);
            assert!(raw.iter().zip(rectified).all(|(raw, rectified)| raw.max(0.0) == *rectified));
            seen.push(range);
            Ok(())
        });
        assert_eq!(result, Ok(()));
        assert_eq!(seen, [0..2, 2..4, 4..5]);
    }

    #[test]
    fn a_device_that_runs_out_of_memory_gets_less_at_a_time() {
        let images = Tensor::arange(11, (Kind::Float, Device::Cpu)).view([11, 1]);
        let tried = std::cell::RefCell::new(Vec::new());
        let compute = |part: &Tensor| {
            tried.borrow_mut().push(part.size()[0]);
            if part.size()[0] > 3 { Err("libtorch: CUDA out of memory.".to_owned()) } else { Ok(vec![part * 2.0]) }
        };
        let mut most = 11;
        let outputs = in_parts(&images, &mut most, compute).expect("it fits in parts");
        assert_eq!((most, tried.take()), (3, vec![11, 6, 3, 3, 3, 2]));
        assert!(outputs[0].equal(&(images.shallow_clone() * 2.0)));
        let none = |_: &Tensor| Err("libtorch: CUDA out of memory.".to_owned());
        assert!(in_parts(&images, &mut most, none).is_err(), "one image is the least");
    }

    #[test]
    fn a_failure_of_any_stage_ends_all() {
        let fine = |range: Range<usize>| Ok(vec![0.0; range.len() * 3 * 64]);
        let undecoded =
            run(|range| if range.start > 1 { Err("torn picture".to_owned()) } else { fine(range) }, |_, _| Ok(()));
        assert_eq!(undecoded, Err("torn picture".to_owned()));
        let unfit = run(|_| Ok(vec![0.0; 5]), |_, _| Ok(()));
        assert!(unfit.is_err_and(|e| e.starts_with("libtorch: shape '[2, 8, 8, 3]' is invalid")), "five numbers");
        assert_eq!(run(fine, |_, _| Err("disk full".to_owned())), Err("disk full".to_owned()));
        let panicked = run(|_| panic!("a broken promise"), |_, _| Ok(()));
        assert!(panicked.is_err_and(|e| e.ends_with("a broken promise")));
    }
}
