//! Vision transformers: ViT (Dosovitskiy et al. 2021, arXiv:2010.11929) under torchvision's names, and DINOv2 (Oquab et
//! al. 2023, arXiv:2304.07193) under its authors' names.

use crate::nets::builder::Builder;
use crate::nets::graph::IMAGES;
use crate::nets::op::activation::Activation;
use crate::nets::op::conv::Conv;
use crate::nets::op::draw::{Draw, Init};
use crate::nets::op::layout::{FirstToken, Sequence};
use crate::nets::op::linear::Linear;
use crate::nets::op::norm::LayerNorm;
use crate::nets::op::scale::Scale;
use crate::nets::op::tokens::{Attention, Tokens};

/// torchvision's `vit_b_16`.
pub fn vit_b_16(b: &mut Builder) {
    const FEATURES: usize = 768;
    const NORM: LayerNorm = LayerNorm { features: FEATURES, maps: false };
    let patches = Init::of(Draw::Normal(0.036_084_39)); // √(1/(3 · 16²))
    let wire = b.conv("conv_proj", IMAGES, Conv::new(3, FEATURES, 16).stride(16).init(patches));
    let tokens = Tokens {
        class: "class_token",
        position: "encoder.pos_embedding",
        features: FEATURES,
        grid: 14,
        interpolate: false,
    };
    let wire = b.bare(tokens, &[wire]);
    let wire = b.within("encoder", |b| {
        let wire = b.identity("dropout", wire);
        let wire = b.within("layers", |b| {
            let mut wire = wire;
            for at in 0..12 {
                wire = b.within(&format!("encoder_layer_{at}"), |b| {
                    let seen = b.module("ln_1", NORM, wire);
                    let seen = b.within("self_attention", |b| {
                        let parts = ["in_proj_weight", "in_proj_bias"];
                        let init = Init::of(Draw::Xavier);
                        let joint = Linear { parts, ..Linear::new(FEATURES, 3 * FEATURES).init(init) };
                        let wire = b.bare(joint, &[seen]);
                        let wire = b.bare(Attention { heads: 12 }, &[wire]);
                        let parts = ["out_proj.weight", "out_proj.bias"];
                        let out = Linear { parts, ..Linear::new(FEATURES, FEATURES).init(Init::of(Draw::FanIn)) };
                        b.bare(out, &[wire])
                    });
                    let seen = b.identity("dropout", seen);
                    let wire = b.add(seen, wire);
                    let inner = b.module("ln_2", NORM, wire);
                    let inner = b.within("mlp", |b| {
                        let init = Init { weight: Draw::Xavier, bias: Draw::Normal(1e-6) };
                        let wire = b.linear("0", inner, Linear::new(FEATURES, 4 * FEATURES).init(init));
                        let wire = b.activation("1", wire, Activation::Gelu);
                        let wire = b.identity("2", wire);
                        let wire = b.linear("3", wire, Linear::new(4 * FEATURES, FEATURES).init(init));
                        b.identity("4", wire)
                    });
                    b.add(inner, wire)
                });
            }
            wire
        });
        b.module("ln", NORM, wire)
    });
    let wire = b.bare(FirstToken, &[wire]);
    b.within("heads", |b| b.linear("head", wire, Linear::new(FEATURES, 1000).init(Init::of(Draw::Zero))));
}

/// The name that older files give a tensor of the MLP.
pub fn former(name: &str) -> Option<String> {
    [(".mlp.0.", ".mlp.linear_1."), (".mlp.3.", ".mlp.linear_2.")]
        .into_iter()
        .find(|(now, _)| name.contains(now))
        .map(|(now, then)| name.replace(now, then))
}

/// DINOv2 without registers: features of a token, and heads.
pub fn dinov2(b: &mut Builder, features: usize, heads: usize) {
    let norm = LayerNorm { features, maps: false };
    let init = Init::of(Draw::Normal(0.02));
    let mut patches = IMAGES;
    b.within("patch_embed", |b| {
        patches = b.conv("proj", IMAGES, Conv::new(3, features, 14).stride(14));
        let wire = b.bare(Sequence, &[patches]);
        b.identity("norm", wire)
    });
    let tokens = Tokens { class: "cls_token", position: "pos_embed", features, grid: 37, interpolate: true };
    let mut wire = b.bare(tokens, &[patches]);
    b.within("blocks", |b| {
        for at in 0..12 {
            wire = b.within(&at.to_string(), |b| {
                let seen = b.module("norm1", norm, wire);
                let seen = b.within("attn", |b| {
                    let joint = b.linear("qkv", seen, Linear::new(features, 3 * features).init(init));
                    let mixed = b.bare(Attention { heads }, &[joint]);
                    let wire = b.linear("proj", mixed, Linear::new(features, features).init(init));
                    b.identity("proj_drop", wire)
                });
                let seen = b.within("ls1", |b| b.bare(scale(features), &[seen]));
                let seen = b.identity("drop_path1", seen);
                let wire = b.add(seen, wire);
                let inner = b.module("norm2", norm, wire);
                let inner = b.within("mlp", |b| {
                    let wire = b.linear("fc1", inner, Linear::new(features, 4 * features).init(init));
                    let wire = b.activation("act", wire, Activation::Gelu);
                    let wire = b.identity("drop", wire);
                    let wire = b.linear("fc2", wire, Linear::new(4 * features, features).init(init));
                    b.identity("drop", wire)
                });
                let inner = b.within("ls2", |b| b.bare(scale(features), &[inner]));
                let inner = b.identity("drop_path2", inner);
                b.add(inner, wire)
            });
        }
        wire
    });
    let wire = b.module("norm", norm, wire);
    let first = b.bare(FirstToken, &[wire]);
    b.identity("head", first);
}

fn scale(features: usize) -> Scale {
    Scale { part: "gamma", features, maps: false, init: 1.0 }
}
