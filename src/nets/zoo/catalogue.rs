//! The architectures that exist: names, layers, sizes, and how their images are normalised.

use std::sync::{LazyLock, OnceLock};

use crate::nets::builder::Builder;
use crate::nets::graph::Graph;
use crate::nets::zoo::{
    alexnet, convnext, cornet, densenet, efficientnet, inception, mobilenet, resnet, squeezenet, transformer, vgg,
};

/// A network without weights, under torchvision's name.
pub struct Architecture {
    pub name: &'static str,
    /// The file of its published weights, and the folder that it lies in, with a slash at its end.
    pub file: &'static str,
    pub folder: &'static str,
    /// What it is and where it is described.
    pub about: &'static str,
    /// Height and width of the images it was trained on.
    pub size: usize,
    /// What each colour channel, in [0, 1], is reduced by and divided by before the first layer.
    pub mean: [f32; 3],
    pub std: [f32; 3],
    /// How tensors start that published files hold beside its own: auxiliary classifiers, a token for training.
    pub spare: &'static [&'static str],
    /// The name under which older files hold one of its tensors.
    pub former: fn(&str) -> Option<String>,
    build: fn(&mut Builder),
    graph: OnceLock<Graph>,
}

/// ImageNet's means and deviations by colour channel, of pixels in [0, 1].
pub const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
pub const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// Where torchvision's files lie.
pub const TORCHVISION: &str = "https://download.pytorch.org/models/";

/// The largest images that are tried when the smallest ones a network takes are sought.
const LARGEST_MINIMUM: usize = 1024;

/// One line an architecture: name, published file, what it is, and its family's file that builds it. By name.
static ARCHITECTURES: LazyLock<Vec<Architecture>> = LazyLock::new(|| {
    vec![
        Architecture::new(
            "alexnet",
            "alexnet-owt-7be5be79.pth",
            "AlexNet, Krizhevsky 2014 (arXiv:1404.5997)",
            alexnet::build,
        ),
        Architecture::new(
            "convnext_base",
            "convnext_base-6075fbad.pth",
            "ConvNeXt Base, Liu et al. 2022 (arXiv:2201.03545)",
            |b| convnext::build(b, convnext::BASE),
        ),
        Architecture::new(
            "convnext_tiny",
            "convnext_tiny-983f1562.pth",
            "ConvNeXt Tiny, Liu et al. 2022 (arXiv:2201.03545)",
            |b| convnext::build(b, convnext::TINY),
        ),
        Architecture::new(
            "cornet_s",
            "cornet_s-1d3f7974.pth",
            "CORnet-S, Kubilius et al. 2019 (arXiv:1909.06161), under its authors' layer names",
            cornet::build,
        )
        .folder("https://s3.amazonaws.com/cornet-models/"),
        Architecture::new(
            "densenet121",
            "densenet121-a639ec97.pth",
            "DenseNet-121, Huang et al. 2017 (arXiv:1608.06993)",
            |b| densenet::build(b, densenet::DENSENET121),
        )
        .former(densenet::former),
        Architecture::new(
            "densenet169",
            "densenet169-b2777c0a.pth",
            "DenseNet-169, Huang et al. 2017 (arXiv:1608.06993)",
            |b| densenet::build(b, densenet::DENSENET169),
        )
        .former(densenet::former),
        Architecture::new(
            "densenet201",
            "densenet201-c1103571.pth",
            "DenseNet-201, Huang et al. 2017 (arXiv:1608.06993)",
            |b| densenet::build(b, densenet::DENSENET201),
        )
        .former(densenet::former),
        Architecture::new(
            "dinov2_vitb14",
            "dinov2_vitb14_pretrain.pth",
            "DINOv2 ViT-B/14, Oquab et al. 2023 (arXiv:2304.07193), under its authors' layer names",
            |b| transformer::dinov2(b, 768, 12),
        )
        .folder("https://dl.fbaipublicfiles.com/dinov2/dinov2_vitb14/")
        .spare(&["mask_token"]),
        Architecture::new(
            "dinov2_vits14",
            "dinov2_vits14_pretrain.pth",
            "DINOv2 ViT-S/14, Oquab et al. 2023 (arXiv:2304.07193), under its authors' layer names",
            |b| transformer::dinov2(b, 384, 6),
        )
        .folder("https://dl.fbaipublicfiles.com/dinov2/dinov2_vits14/")
        .spare(&["mask_token"]),
        Architecture::new(
            "efficientnet_b0",
            "efficientnet_b0_rwightman-7f5810bc.pth",
            "EfficientNet-B0, Tan and Le 2019 (arXiv:1905.11946)",
            |b| efficientnet::build(b, efficientnet::B0),
        ),
        Architecture::new(
            "efficientnet_b1",
            "efficientnet_b1_rwightman-bac287d4.pth",
            "EfficientNet-B1, Tan and Le 2019 (arXiv:1905.11946)",
            |b| efficientnet::build(b, efficientnet::B1),
        )
        .size(240),
        Architecture::new(
            "efficientnet_b2",
            "efficientnet_b2_rwightman-c35c1473.pth",
            "EfficientNet-B2, Tan and Le 2019 (arXiv:1905.11946)",
            |b| efficientnet::build(b, efficientnet::B2),
        )
        .size(288),
        Architecture::new(
            "efficientnet_b3",
            "efficientnet_b3_rwightman-b3899882.pth",
            "EfficientNet-B3, Tan and Le 2019 (arXiv:1905.11946)",
            |b| efficientnet::build(b, efficientnet::B3),
        )
        .size(300),
        Architecture::new(
            "googlenet",
            "googlenet-1378be20.pth",
            "GoogLeNet, Szegedy et al. 2015 (arXiv:1409.4842), with batch norm",
            inception::googlenet,
        )
        .spare(&["aux1.", "aux2."])
        .halves(),
        Architecture::new(
            "inception_v3",
            "inception_v3_google-0cc3c7bd.pth",
            "Inception v3, Szegedy et al. 2016 (arXiv:1512.00567)",
            inception::inception_v3,
        )
        .size(299)
        .spare(&["AuxLogits."])
        .halves(),
        Architecture::new(
            "mobilenet_v2",
            "mobilenet_v2-b0353104.pth",
            "MobileNet v2, Sandler et al. 2018 (arXiv:1801.04381)",
            mobilenet::v2,
        ),
        Architecture::new(
            "mobilenet_v3_large",
            "mobilenet_v3_large-8738ca79.pth",
            "MobileNet v3 Large, Howard et al. 2019 (arXiv:1905.02244)",
            |b| mobilenet::v3(b, mobilenet::LARGE),
        ),
        Architecture::new(
            "mobilenet_v3_small",
            "mobilenet_v3_small-047dcff4.pth",
            "MobileNet v3 Small, Howard et al. 2019 (arXiv:1905.02244)",
            |b| mobilenet::v3(b, mobilenet::SMALL),
        ),
        Architecture::new(
            "resnet101",
            "resnet101-63fe2227.pth",
            "ResNet-101, He et al. 2016 (arXiv:1512.03385)",
            |b| resnet::build(b, resnet::RESNET101),
        ),
        Architecture::new(
            "resnet152",
            "resnet152-394f9c45.pth",
            "ResNet-152, He et al. 2016 (arXiv:1512.03385)",
            |b| resnet::build(b, resnet::RESNET152),
        ),
        Architecture::new("resnet18", "resnet18-f37072fd.pth", "ResNet-18, He et al. 2016 (arXiv:1512.03385)", |b| {
            resnet::build(b, resnet::RESNET18)
        }),
        Architecture::new("resnet34", "resnet34-b627a593.pth", "ResNet-34, He et al. 2016 (arXiv:1512.03385)", |b| {
            resnet::build(b, resnet::RESNET34)
        }),
        Architecture::new("resnet50", "resnet50-0676ba61.pth", "ResNet-50, He et al. 2016 (arXiv:1512.03385)", |b| {
            resnet::build(b, resnet::RESNET50)
        }),
        Architecture::new(
            "resnext50_32x4d",
            "resnext50_32x4d-7cdf4587.pth",
            "ResNeXt-50 32×4d, Xie et al. 2017 (arXiv:1611.05431)",
            |b| resnet::build(b, resnet::RESNEXT50_32X4D),
        ),
        Architecture::new(
            "squeezenet1_0",
            "squeezenet1_0-b66bff10.pth",
            "SqueezeNet 1.0, Iandola et al. 2016 (arXiv:1602.07360)",
            |b| squeezenet::build(b, squeezenet::SQUEEZENET1_0),
        ),
        Architecture::new(
            "squeezenet1_1",
            "squeezenet1_1-b8a52dc0.pth",
            "SqueezeNet 1.1, Iandola et al. 2016 (arXiv:1602.07360)",
            |b| squeezenet::build(b, squeezenet::SQUEEZENET1_1),
        ),
        Architecture::new(
            "vgg11",
            "vgg11-8a719046.pth",
            "VGG-11, Simonyan and Zisserman 2015 (arXiv:1409.1556)",
            |b| vgg::build(b, vgg::VGG11, false),
        ),
        Architecture::new(
            "vgg11_bn",
            "vgg11_bn-6002323d.pth",
            "VGG-11 with batch norm, Simonyan and Zisserman 2015 (arXiv:1409.1556)",
            |b| vgg::build(b, vgg::VGG11, true),
        ),
        Architecture::new(
            "vgg13",
            "vgg13-19584684.pth",
            "VGG-13, Simonyan and Zisserman 2015 (arXiv:1409.1556)",
            |b| vgg::build(b, vgg::VGG13, false),
        ),
        Architecture::new(
            "vgg13_bn",
            "vgg13_bn-abd245e5.pth",
            "VGG-13 with batch norm, Simonyan and Zisserman 2015 (arXiv:1409.1556)",
            |b| vgg::build(b, vgg::VGG13, true),
        ),
        Architecture::new(
            "vgg16",
            "vgg16-397923af.pth",
            "VGG-16, Simonyan and Zisserman 2015 (arXiv:1409.1556)",
            |b| vgg::build(b, vgg::VGG16, false),
        ),
        Architecture::new(
            "vgg16_bn",
            "vgg16_bn-6c64b313.pth",
            "VGG-16 with batch norm, Simonyan and Zisserman 2015 (arXiv:1409.1556)",
            |b| vgg::build(b, vgg::VGG16, true),
        ),
        Architecture::new(
            "vgg19",
            "vgg19-dcbb9e9d.pth",
            "VGG-19, Simonyan and Zisserman 2015 (arXiv:1409.1556)",
            |b| vgg::build(b, vgg::VGG19, false),
        ),
        Architecture::new(
            "vgg19_bn",
            "vgg19_bn-c79401a0.pth",
            "VGG-19 with batch norm, Simonyan and Zisserman 2015 (arXiv:1409.1556)",
            |b| vgg::build(b, vgg::VGG19, true),
        ),
        Architecture::new(
            "vit_b_16",
            "vit_b_16-c867db91.pth",
            "ViT-B/16, Dosovitskiy et al. 2021 (arXiv:2010.11929)",
            transformer::vit_b_16,
        )
        .former(transformer::former),
        Architecture::new(
            "wide_resnet50_2",
            "wide_resnet50_2-95faca4d.pth",
            "Wide ResNet-50-2, Zagoruyko and Komodakis 2016 (arXiv:1605.07146)",
            |b| resnet::build(b, resnet::WIDE_RESNET50_2),
        ),
    ]
});

/// Every architecture, by name.
pub fn architectures() -> impl Iterator<Item = &'static Architecture> {
    ARCHITECTURES.iter()
}

/// The architecture of that name.
pub fn describe(name: &str) -> Option<&'static Architecture> {
    architectures().find(|architecture| architecture.name == name)
}

impl Architecture {
    /// Of 224 × 224 images normalised as ImageNet's, with weights among torchvision's.
    const fn new(name: &'static str, file: &'static str, about: &'static str, build: fn(&mut Builder)) -> Self {
        let (size, mean, std) = (224, IMAGENET_MEAN, IMAGENET_STD);
        Self {
            name,
            file,
            folder: TORCHVISION,
            about,
            size,
            mean,
            std,
            spare: &[],
            former: |_| None,
            build,
            graph: OnceLock::new(),
        }
    }

    /// Whose weights lie elsewhere than torchvision's.
    const fn folder(mut self, folder: &'static str) -> Self {
        self.folder = folder;
        self
    }

    const fn size(mut self, size: usize) -> Self {
        self.size = size;
        self
    }

    /// Normalised to [−1, 1], as networks that came from TensorFlow want it (torchvision's `transform_input`).
    const fn halves(mut self) -> Self {
        (self.mean, self.std) = ([0.5; 3], [0.5; 3]);
        self
    }

    const fn spare(mut self, spare: &'static [&'static str]) -> Self {
        self.spare = spare;
        self
    }

    const fn former(mut self, former: fn(&str) -> Option<String>) -> Self {
        self.former = former;
        self
    }

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
