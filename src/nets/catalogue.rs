//! The architectures that exist: names, layers, sizes, and how their images are normalised.

use std::sync::OnceLock;

use super::graph::{Builder, Graph};
use super::{resnet, squeezenet};

/// A network without weights, under torchvision's name.
pub struct Architecture {
    pub name: &'static str,
    /// What it is and where it is described.
    pub about: &'static str,
    /// Height and width of the images it was trained on.
    pub size: usize,
    /// What each colour channel, in [0, 1], is reduced by and divided by before the first layer.
    pub mean: [f32; 3],
    pub std: [f32; 3],
    build: fn(&mut Builder),
    graph: OnceLock<Graph>,
}

const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// The largest images that are tried when the smallest ones a network takes are sought.
const LARGEST_MINIMUM: usize = 1024;

static ARCHITECTURES: [Architecture; 2] = [
    Architecture {
        name: "resnet50",
        about: "ResNet-50, He et al. 2016 (arXiv:1512.03385)",
        size: 224,
        mean: IMAGENET_MEAN,
        std: IMAGENET_STD,
        build: resnet::resnet50,
        graph: OnceLock::new(),
    },
    Architecture {
        name: "squeezenet1_1",
        about: "SqueezeNet 1.1, Iandola et al. 2016 (arXiv:1602.07360)",
        size: 224,
        mean: IMAGENET_MEAN,
        std: IMAGENET_STD,
        build: squeezenet::squeezenet1_1,
        graph: OnceLock::new(),
    },
];

/// Every architecture, by name.
pub fn architectures() -> impl Iterator<Item = &'static Architecture> {
    ARCHITECTURES.iter()
}

/// The architecture of that name.
pub fn describe(name: &str) -> Option<&'static Architecture> {
    architectures().find(|architecture| architecture.name == name)
}

impl Architecture {
    /// Its steps and layers.
    pub fn graph(&self) -> &Graph {
        self.graph.get_or_init(|| {
            let mut builder = Builder::default();
            (self.build)(&mut builder);
            builder.finish()
        })
    }

    /// The names of all layers that can be asked for, containers before what they contain.
    pub fn layers(&self) -> impl Iterator<Item = &str> {
        self.graph().layers().map(|(name, _)| name)
    }

    /// Whether there is such a layer.
    pub fn has(&self, layer: &str) -> bool {
        self.graph().wire(layer).is_some()
    }

    /// The shape of a layer's output for one image of a height and width: channels, height, width (or features
    /// alone); none where the image is too small, or not of the one size that the layer takes.
    pub fn shape(&self, layer: &str, size: (usize, usize)) -> Option<Vec<usize>> {
        let wire = self.graph().wire(layer)?;
        self.graph().shapes(size.0, size.1).swap_remove(wire)
    }

    /// The side of the smallest square images for which a layer has an output.
    pub fn minimum(&self, layer: &str) -> Option<usize> {
        (1..=LARGEST_MINIMUM).find(|&side| self.shape(layer, (side, side)).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_sorted() {
        let names: Vec<_> = architectures().map(|a| a.name).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    }

    #[test]
    fn layers_are_those_of_torchvision() {
        // len(list(torchvision.models.NAME().named_modules())), less the root.
        let squeezenet = describe("squeezenet1_1").expect("it ships");
        assert_eq!(squeezenet.layers().count(), 67);
        let resnet = describe("resnet50").expect("it ships");
        assert_eq!(resnet.layers().count(), 150);
        assert!(resnet.has("layer3.5.bn2") && resnet.has("layer4.0.downsample.1") && !resnet.has("layer4.3"));
    }

    #[test]
    fn tensors_are_as_many_as_published() {
        // The parameter counts that torchvision documents, and the running means and variances of batch norm.
        let count = |name: &str, buffers: bool| -> usize {
            let graph = describe(name).expect("it ships").graph();
            let tensors = graph.steps.iter().flat_map(|step| step.op.tensors());
            tensors.filter(|(n, _)| buffers == n.starts_with("running")).map(|(_, s)| s.iter().product::<usize>()).sum()
        };
        assert_eq!(count("squeezenet1_1", false), 1_235_496);
        assert_eq!(count("resnet50", false), 25_557_032);
        assert_eq!(count("resnet50", true), 2 * 26_560);
    }

    #[test]
    fn shapes_and_smallest_images() {
        let squeezenet = describe("squeezenet1_1").expect("it ships");
        assert_eq!(squeezenet.shape("features.3", (224, 224)), Some(vec![128, 55, 55]));
        assert_eq!(squeezenet.shape("features.12", (224, 224)), Some(vec![512, 13, 13]));
        assert_eq!(squeezenet.shape("features.12", (224, 112)), Some(vec![512, 13, 6]));
        assert_eq!(squeezenet.shape("features.12", (3, 224)), None);
        let least = squeezenet.minimum("features.12").expect("there is one");
        assert!(squeezenet.shape("features.12", (least - 1, least - 1)).is_none());
        let resnet = describe("resnet50").expect("it ships");
        assert_eq!(resnet.shape("layer3", (224, 224)), Some(vec![1024, 14, 14]));
        assert_eq!(resnet.shape("fc", (64, 64)), Some(vec![1000]));
    }
}
