//! What a pass of images through a network needs, and in what batches it is fastest.

use std::time::{Duration, Instant};

use tch::{Device, Kind, Tensor};

use crate::kind::{KindError, Run};
use crate::libtorch;
use crate::nets::graph::Graph;
use crate::runtime::pipeline::Forward;
use crate::runtime::winograd;

/// Images per batch that are tried on a CPU, whose cache holds the activations of few, and on a GPU, which wants many.
const BATCHES_ON_CPU: [usize; 4] = [4, 8, 16, 32];
const BATCHES_ON_GPU: [usize; 4] = [32, 64, 128, 256];
/// How long a batch is measured.
const MEASURED: Duration = Duration::from_millis(400);
/// A larger batch must be faster by this factor to be taken: it needs more memory.
const WORTH: f64 = 1.03;
/// Batches on their way between decoding, network and store, per stage.
const ON_THEIR_WAY: u64 = 4;

/// The batch that is fastest on this machine for a network, known by its name or content, at an image size: measured at its first use, then fixed.
pub fn batch(
    name: &str,
    network: &dyn Forward,
    (height, width): (usize, usize),
    precision: &str,
    device: Device,
    run: &mut Run<'_>,
) -> Result<usize, KindError> {
    let what = format!("images per batch of {name} at {height} × {width} in {precision}");
    if let Some(known) = run.host.tuned(&what) {
        return Ok(known);
    }
    let candidates = if device == Device::Cpu { BATCHES_ON_CPU } else { BATCHES_ON_GPU };
    let mut best = (candidates[0], 0.0);
    for batch in candidates {
        let Ok(rate) = libtorch::guard(|| rate(network, batch, (height, width), device)).flatten() else {
            // Larger ones would not fit either.
            break;
        };
        if rate > best.1 * WORTH {
            best = (batch, rate);
        } else if rate < best.1 / WORTH {
            break;
        }
    }
    run.host.tune(&what, best.0).map_err(|e| KindError::new(format!("cannot keep the measured batch: {e}")))
}

/// Images per second.
fn rate(network: &dyn Forward, batch: usize, (height, width): (usize, usize), device: Device) -> Result<f64, String> {
    let sides = [batch, 3, height, width].map(|side| side as i64);
    let images = Tensor::full(sides, 0.5, (Kind::Float, device));
    let pass = || {
        let outputs = network.outputs(&images)?;
        // Waits for a GPU.
        Ok::<_, String>(outputs.first().map_or(0.0, |output| output.flatten(0, -1).double_value(&[0])))
    };
    pass()?;
    let start = Instant::now();
    let mut count = 0;
    while count < 2 || start.elapsed() < MEASURED {
        pass()?;
        count += 1;
    }
    Ok((count * batch) as f64 / start.elapsed().as_secs_f64())
}

/// Bytes of memory of a pass in batches: tensors twice, what convolutions take to be fast, what a batch holds at its
/// widest, and batches on their way.
pub fn needed(graph: &Graph, size: (usize, usize), row_floats: usize, batch: usize) -> u64 {
    let shapes = graph.shapes(size.0, size.1);
    let floats = |shape: &Option<Vec<usize>>| shape.as_ref().map_or(0, |shape| shape.iter().product::<usize>());
    let widest = shapes.iter().map(floats).max().unwrap_or(0) as u64;
    let tensors: usize =
        graph.steps.iter().flat_map(|step| step.op.tensors()).map(|(_, shape)| shape.iter().product::<usize>()).sum();
    let (batch, pixels) = (batch as u64, (3 * size.0 * size.1) as u64);
    // A step holds its inputs, its output, and what a convolution copies of them; a shortcut waits beside.
    let held = 5 * widest + ON_THEIR_WAY * (row_floats as u64 + pixels);
    4 * (2 * tensors as u64 + batch * held) + winograd::needed(graph, size) + (200 << 20)
}

/// The same for a program in a file of so many bytes, whose inner tensors nobody knows: as many numbers as the widest layer
/// asked for, or 64 per pixel, which the first layers of VGG have and hardly any network exceeds.
pub fn needed_by_script(bytes: u64, size: (usize, usize), widest: usize, row_floats: usize, batch: usize) -> u64 {
    let pixels = size.0 * size.1;
    let held = 5 * widest.max(64 * pixels) + ON_THEIR_WAY as usize * (row_floats + 3 * pixels);
    2 * bytes + 4 * (batch * held) as u64 + (200 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::zoo::catalogue::describe;

    #[test]
    fn needs_grow_with_images_layers_and_batches() {
        let resnet = describe("resnet50").expect("it ships").graph();
        let base = needed(resnet, (224, 224), 200_704, 8);
        assert!((300 << 20..2 << 30).contains(&base), "{base}");
        assert!(needed(resnet, (224, 224), 200_704, 32) > base);
        assert!(needed(resnet, (448, 448), 200_704, 8) > base);
        assert!(needed(resnet, (224, 224), 800_000, 8) > base);
        // Filters of 6 × 6 instead of 3 × 3 for all but the first of the convolutions, which has three channels.
        let vgg = describe("vgg19").expect("it ships").graph();
        let convolutions = 64 * 64 + 64 * 128 + 128 * 128 + 128 * 256 + 3 * 256 * 256 + 256 * 512 + 7 * 512 * 512;
        let more = winograd::needed(vgg, (224, 224));
        let least = 4 * 36 * convolutions;
        assert!(more == 0 || (least..least + (100 << 20)).contains(&more), "{more}");
    }
}
