//! The weights that makers of networks publish: where each file lies, and the hash that tells it is whole.
//!
//! torchvision's are those of its `IMAGENET1K_V1`; the others are their authors'.

/// A published file.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// The architecture; none for a file that is known by its name alone.
    pub model: Option<&'static str>,
    pub file: String,
    /// The folder that it lies in, with a slash at its end.
    pub folder: String,
    /// How the SHA-256 of its content begins, or all of it, in hexadecimal digits.
    pub sha256: String,
}

/// Where torchvision's files lie.
const TORCHVISION: &str = "https://download.pytorch.org/models/";

/// Architecture, folder, file.
const FILES: [(&str, &str, &str); 36] = [
    ("alexnet", TORCHVISION, "alexnet-owt-7be5be79.pth"),
    ("convnext_base", TORCHVISION, "convnext_base-6075fbad.pth"),
    ("convnext_tiny", TORCHVISION, "convnext_tiny-983f1562.pth"),
    ("cornet_s", "https://s3.amazonaws.com/cornet-models/", "cornet_s-1d3f7974.pth"),
    ("densenet121", TORCHVISION, "densenet121-a639ec97.pth"),
    ("densenet169", TORCHVISION, "densenet169-b2777c0a.pth"),
    ("densenet201", TORCHVISION, "densenet201-c1103571.pth"),
    ("dinov2_vitb14", "https://dl.fbaipublicfiles.com/dinov2/dinov2_vitb14/", "dinov2_vitb14_pretrain.pth"),
    ("dinov2_vits14", "https://dl.fbaipublicfiles.com/dinov2/dinov2_vits14/", "dinov2_vits14_pretrain.pth"),
    ("efficientnet_b0", TORCHVISION, "efficientnet_b0_rwightman-7f5810bc.pth"),
    ("efficientnet_b1", TORCHVISION, "efficientnet_b1_rwightman-bac287d4.pth"),
    ("efficientnet_b2", TORCHVISION, "efficientnet_b2_rwightman-c35c1473.pth"),
    ("efficientnet_b3", TORCHVISION, "efficientnet_b3_rwightman-b3899882.pth"),
    ("googlenet", TORCHVISION, "googlenet-1378be20.pth"),
    ("inception_v3", TORCHVISION, "inception_v3_google-0cc3c7bd.pth"),
    ("mobilenet_v2", TORCHVISION, "mobilenet_v2-b0353104.pth"),
    ("mobilenet_v3_large", TORCHVISION, "mobilenet_v3_large-8738ca79.pth"),
    ("mobilenet_v3_small", TORCHVISION, "mobilenet_v3_small-047dcff4.pth"),
    ("resnet101", TORCHVISION, "resnet101-63fe2227.pth"),
    ("resnet152", TORCHVISION, "resnet152-394f9c45.pth"),
    ("resnet18", TORCHVISION, "resnet18-f37072fd.pth"),
    ("resnet34", TORCHVISION, "resnet34-b627a593.pth"),
    ("resnet50", TORCHVISION, "resnet50-0676ba61.pth"),
    ("resnext50_32x4d", TORCHVISION, "resnext50_32x4d-7cdf4587.pth"),
    ("squeezenet1_0", TORCHVISION, "squeezenet1_0-b66bff10.pth"),
    ("squeezenet1_1", TORCHVISION, "squeezenet1_1-b8a52dc0.pth"),
    ("vgg11", TORCHVISION, "vgg11-8a719046.pth"),
    ("vgg11_bn", TORCHVISION, "vgg11_bn-6002323d.pth"),
    ("vgg13", TORCHVISION, "vgg13-19584684.pth"),
    ("vgg13_bn", TORCHVISION, "vgg13_bn-abd245e5.pth"),
    ("vgg16", TORCHVISION, "vgg16-397923af.pth"),
    ("vgg16_bn", TORCHVISION, "vgg16_bn-6c64b313.pth"),
    ("vgg19", TORCHVISION, "vgg19-dcbb9e9d.pth"),
    ("vgg19_bn", TORCHVISION, "vgg19_bn-c79401a0.pth"),
    ("vit_b_16", TORCHVISION, "vit_b_16-c867db91.pth"),
    ("wide_resnet50_2", TORCHVISION, "wide_resnet50_2-95faca4d.pth"),
];

/// SHA-256 of files whose names carry none. Published by many who use them, alike.
const HASHES: [(&str, &str); 2] = [
    ("dinov2_vitb14_pretrain.pth", "0b8b82f85de91b424aded121c7e1dcc2b7bc6d0adeea651bf73a13307fad8c73"),
    ("dinov2_vits14_pretrain.pth", "b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9"),
];

/// The file of every architecture that has one, by the architecture's name.
pub fn files() -> impl Iterator<Item = Published> {
    FILES.iter().map(|&(model, folder, file)| Published {
        model: Some(model),
        file: file.to_owned(),
        folder: folder.to_owned(),
        sha256: hash_of(file).expect("each has a hash").to_owned(),
    })
}

/// The file that is meant by an architecture's name or its own; files of other names that carry a hash lie where
/// torchvision's do, its second versions among them.
pub fn find(name: &str) -> Option<Published> {
    let known = files().find(|published| published.model == Some(name) || published.file == name);
    known.or_else(|| {
        let sha256 = hash_of(name)?.to_owned();
        Some(Published { model: None, file: name.to_owned(), folder: TORCHVISION.to_owned(), sha256 })
    })
}

/// What the name of a file promises of its content: `0676ba61` of `resnet50-0676ba61.pth`, as torch.hub reads it.
fn hash_of(file: &str) -> Option<&str> {
    if let Some((_, hash)) = HASHES.iter().find(|(named, _)| *named == file) {
        return Some(hash);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let (stem, _) = file.rsplit_once('.').filter(|_| file.chars().all(plain))?;
    let (_, hash) = stem.rsplit_once('-')?;
    let is_hash = (8..=64).contains(&hash.len()) && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    is_hash.then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::zoo::catalogue;

    #[test]
    fn every_architecture_has_a_file_with_a_hash() {
        let models: Vec<_> = files().map(|published| published.model.expect("an architecture")).collect();
        let architectures: Vec<_> = catalogue::architectures().map(|architecture| architecture.name).collect();
        assert_eq!(models, architectures);
        assert!(files().all(|published| published.folder.starts_with("https://") && published.folder.ends_with('/')));
    }

    #[test]
    fn files_are_found_by_model_and_by_name() {
        let found = find("resnet50").expect("it is published");
        assert_eq!((found.file.as_str(), found.sha256.as_str()), ("resnet50-0676ba61.pth", "0676ba61"));
        assert_eq!(find("resnet50-0676ba61.pth"), Some(found));
        let second = find("resnet50-11ad3fa6.pth").expect("torchvision's second version");
        assert_eq!((second.model, second.folder.as_str()), (None, TORCHVISION));
        for name in ["resnet50.pth", "resnet51", "../x-0676ba61.pth", "x-0676ba6g.pth", "-", "a-0676ba61", ""] {
            assert_eq!(find(name), None, "{name}");
        }
    }
}
