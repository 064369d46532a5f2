//! What a recipe says about an extraction: network, weights, layers, and what is kept of them.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::nets::weights::given::Given;
use crate::nodes::features::model::Model;
use crate::value::matrix::Stored;

/// The word for the network that is connected, by its own layers.
pub const TRAINED: &str = "network";
/// What other programs say of weights, with what is written here.
pub const PRETRAINED: &[(&str, &str)] = &[("pretrained", WEIGHTS), ("checkpoint", WEIGHTS), ("weight", WEIGHTS)];

const WEIGHTS: &str = "weights are named by their file, `weights: weights/FILE.pth`, which `ventral weights get MODEL` fetches where they are \
                       published, or drawn, `weights: random`";

/// What a recipe writes under `with`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// The network: an architecture under torchvision's name, such as `resnet50` or `squeezenet1_1`; or a TorchScript file
    /// of any network of one's own, `{ torchscript: weights/mine.pt }`, which has its weights; or `network`, the one that
    /// `train_cnn` or `co_train` made and that is connected, whose layers are `blocks.0`, `blocks.0.conv`, …, `responses` and
    /// `classes` (or those of the zoo's network that was fine-tuned). It sees images at the size it was trained on.
    pub model: Model,
    /// The network's tensors: a file with torchvision's names, or `random` for torchvision's initial distributions drawn
    /// from `seed`. A file is `.safetensors`, what `torch.save` writes of a state dict (`.pth`, `.pt`, `.th`; also within
    /// a checkpoint of training), TorchScript, or tch's `.ot`; its content says which. In parts, it is the index
    /// (`model.safetensors.index.json`) or the folder, and the parts' content counts. Nothing in it is run, and floats of other
    /// widths are converted. `ventral weights get MODEL` fetches the published file. Left out where `network` is connected,
    /// and for a TorchScript.
    ///
    /// Where the network is one of several things in the file, what stands in front of its names is found, and said in a
    /// note; MoCo's query encoder and DINO's teacher are taken, and raw weights before averaged ones. Of other networks
    /// that fit, an error lists the places, and `{ path: FILE, prefix: encoder_k., key: state_dict }` says which.
    #[serde(default)]
    #[schemars(schema_with = "Given::optional")]
    #[schemars(extend("x-file" = true, "x-words" = ["random"], "x-neutral" = null))]
    pub weights: Option<Given>,
    /// The layers, under torchvision's names, such as `layer3`, `layer3.5.conv2` or `features.9`. Each is an output of
    /// its own, `activations[layer]`; all that are missing are computed in one pass that ends at the deepest. A
    /// container gives what its last module gives; a ReLU that a block uses several times gives its last use. Values
    /// are the module's own output, before any later module overwrites it.
    ///
    /// Layers of a TorchScript are the modules that its program calls and that give one tensor, under their names in
    /// Python; and `output`, what the whole gives: `output.0`, `output.logits` where that is a tuple, list or map of tensors.
    /// A frozen program keeps no modules, and a traced one none that do nothing. An error lists what is to be had.
    #[schemars(length(min = 1))]
    pub layers: Vec<String>,
    /// What is kept of each channel's map: `none` keeps all of it, `mean` and `max` one number, and `grid: 4` the means
    /// over 4 × 4 areas of it. Outputs that are no maps, such as `fc`, stay as they are.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "none"))]
    pub pool: Pool,
    /// What the network computes in. `f32` everywhere, `tf32` (10 bits of mantissa in products, on a GPU alone) or `bf16` (7
    /// bits, all through). What a coarser one costs is measured on the first images and said in a note.
    /// A TorchScript computes in what its file says, so that `bf16` is none for it.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "f32"))]
    pub precision: Precision,
    /// How activations lie in the cache: `f32`, or half the size as `f16` (3 digits, up to 65504) or `bf16` (2 digits).
    /// Decompositions read them as they lie.
    #[serde(default)]
    #[schemars(extend("x-neutral" = "f32"))]
    pub stored: Stored,
    /// What `weights: random` draws from. It plays no part with given weights.
    #[serde(default)]
    #[schemars(extend("x-neutral" = 0))]
    pub seed: u64,
}

/// What is kept of each channel's map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pool {
    /// All of it.
    #[default]
    None,
    /// Its mean.
    Mean,
    /// Its maximum.
    Max,
    /// The means over N × N areas of it.
    Grid(NonZeroUsize),
}

impl Pool {
    /// The shape of a row after pooling.
    pub fn shape(self, layer: &str, mut shape: Vec<usize>) -> Result<Vec<usize>, String> {
        if let &[channels, height, width] = shape.as_slice() {
            match self {
                Self::None => {}
                Self::Mean | Self::Max => shape.truncate(1),
                Self::Grid(side) if side.get() <= height && side.get() <= width => {
                    shape = vec![channels, side.get(), side.get()];
                }
                Self::Grid(side) => {
                    return Err(format!(
                        "layer `{layer}` gives maps of {height} × {width} but `pool` asks for a grid of {side} × \
                         {side}; a grid cannot be finer than the map"
                    ));
                }
            }
        }
        Ok(shape)
    }
}

/// What a network computes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Precision {
    #[default]
    F32,
    TF32,
    BF16,
}
