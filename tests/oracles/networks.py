"""What the networks' publishers give, layer by layer, with weights that anyone can make again.

usage: python networks.py references > networks.json    committed: a few layers of a few networks
       python networks.py parity NAME FOLDER            all of one: weights.pth, outputs.safetensors (and the images)

(torch 2.11.0, torchvision 0.26.0, safetensors, numpy)

Number i of a tensor is u(name, i) in [0, 1), a hash of the tensor's name and i in 32-bit arithmetic, scaled by what
the tensor is. src/nets/parity.rs fills its tensors by the same rule. CORnet-S and DINOv2, which torchvision does not
have, are written down here as their authors published them.
"""
import json
import math
import sys
from functools import reduce
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch import nn
from torch.nn import functional as F


def u(name, count):
    start = reduce(lambda h, byte: (h * 31 + byte) % 2**32, name.encode(), 0)
    x = np.arange(count, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(start)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = (x ^ (x >> np.uint32(shift))) * np.uint32(factor)
    x ^= x >> np.uint32(16)
    return x.astype(np.float64) / 2.0**32


def fill(name, shape):
    x = u(name, int(np.prod(shape)))
    if name.endswith(("layer_scale", "gamma")):
        x = 0.5 * x
    elif len(shape) > 1:
        bound = np.sqrt(6.0 / np.prod(shape[1:]))
        x = (2.0 * x - 1.0) * bound
    elif name.endswith("weight") or name.endswith("var"):
        x = 0.5 + x
    else:
        x = 0.2 * (x - 0.5)
    return torch.from_numpy(x.astype(np.float32).reshape(shape))


class Area(nn.Module):
    """CORnet-S's recurrent area."""

    def __init__(self, inputs, outputs, times):
        super().__init__()
        self.times = times
        inner = 4 * outputs
        self.conv_input = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.skip = nn.Conv2d(outputs, outputs, 1, stride=2, bias=False)
        self.norm_skip = nn.BatchNorm2d(outputs)
        self.conv1 = nn.Conv2d(outputs, inner, 1, bias=False)
        self.nonlin1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride=2, padding=1, bias=False)
        self.nonlin2 = nn.ReLU(inplace=True)
        self.conv3 = nn.Conv2d(inner, outputs, 1, bias=False)
        self.nonlin3 = nn.ReLU(inplace=True)
        self.output = nn.Identity()
        for t in range(times):
            setattr(self, f"norm1_{t}", nn.BatchNorm2d(inner))
            setattr(self, f"norm2_{t}", nn.BatchNorm2d(inner))
            setattr(self, f"norm3_{t}", nn.BatchNorm2d(outputs))

    def forward(self, x):
        x = self.conv_input(x)
        for t in range(self.times):
            if t == 0:
                skip = self.norm_skip(self.skip(x))
                self.conv2.stride = (2, 2)
            else:
                skip = x
                self.conv2.stride = (1, 1)
            x = self.nonlin1(getattr(self, f"norm1_{t}")(self.conv1(x)))
            x = self.nonlin2(getattr(self, f"norm2_{t}")(self.conv2(x)))
            x = getattr(self, f"norm3_{t}")(self.conv3(x))
            x += skip
            x = self.nonlin3(x)
            output = self.output(x)
        return output


def cornet_s():
    named = nn.Sequential()
    v1 = nn.Sequential()
    for name, module in (
        ("conv1", nn.Conv2d(3, 64, 7, 2, 3, bias=False)), ("norm1", nn.BatchNorm2d(64)), ("nonlin1", nn.ReLU(True)),
        ("pool", nn.MaxPool2d(3, 2, 1)), ("conv2", nn.Conv2d(64, 64, 3, 1, 1, bias=False)),
        ("norm2", nn.BatchNorm2d(64)), ("nonlin2", nn.ReLU(True)), ("output", nn.Identity()),
    ):
        v1.add_module(name, module)
    decoder = nn.Sequential()
    for name, module in (("avgpool", nn.AdaptiveAvgPool2d(1)), ("flatten", nn.Flatten()),
                         ("linear", nn.Linear(512, 1000)), ("output", nn.Identity())):
        decoder.add_module(name, module)
    for name, module in (("V1", v1), ("V2", Area(64, 128, 2)), ("V4", Area(128, 256, 4)), ("IT", Area(256, 512, 2)),
                         ("decoder", decoder)):
        named.add_module(name, module)
    return named


class LayerScale(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(features))

    def forward(self, x):
        return x * self.gamma


class Attention(nn.Module):
    def __init__(self, features, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(features, 3 * features)
        self.proj = nn.Linear(features, features)
        self.proj_drop = nn.Dropout(0.0)

    def forward(self, x):
        n, t, c = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q * (c // self.heads) ** -0.5 @ k.transpose(-2, -1)).softmax(-1)
        return self.proj_drop(self.proj((weights @ v).transpose(1, 2).reshape(n, t, c)))


class Mlp(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.fc1, self.act = nn.Linear(features, 4 * features), nn.GELU()
        self.fc2, self.drop = nn.Linear(4 * features, features), nn.Dropout(0.0)

    def forward(self, x):
        return self.drop(self.fc2(self.drop(self.act(self.fc1(x)))))


class Block(nn.Module):
    def __init__(self, features, heads):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(features, eps=1e-6), Attention(features, heads)
        self.ls1, self.drop_path1 = LayerScale(features), nn.Identity()
        self.norm2, self.mlp = nn.LayerNorm(features, eps=1e-6), Mlp(features)
        self.ls2, self.drop_path2 = LayerScale(features), nn.Identity()

    def forward(self, x):
        x = x + self.drop_path1(self.ls1(self.attn(self.norm1(x))))
        return x + self.drop_path2(self.ls2(self.mlp(self.norm2(x))))


class PatchEmbed(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.proj, self.norm = nn.Conv2d(3, features, 14, 14), nn.Identity()

    def forward(self, x):
        return self.norm(self.proj(x).flatten(2).transpose(1, 2))


class DinoV2(nn.Module):
    def __init__(self, features, heads):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, features))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + 37 * 37, features))
        self.mask_token = nn.Parameter(torch.zeros(1, features))
        self.patch_embed = PatchEmbed(features)
        self.blocks = nn.ModuleList(Block(features, heads) for _ in range(12))
        self.norm, self.head = nn.LayerNorm(features, eps=1e-6), nn.Identity()

    def positions(self, high, wide):
        first, learned = self.pos_embed[:, :1], self.pos_embed[:, 1:]
        learned = learned.reshape(1, 37, 37, -1).permute(0, 3, 1, 2)
        scale = (float(high + 0.1) / 37, float(wide + 0.1) / 37)
        there = F.interpolate(learned, mode="bicubic", antialias=False, scale_factor=scale)
        assert there.shape[-2:] == (high, wide)
        return torch.cat((first, there.permute(0, 2, 3, 1).reshape(1, high * wide, -1)), 1)

    def forward(self, x):
        high, wide = x.shape[-2] // 14, x.shape[-1] // 14
        x = torch.cat((self.cls_token.expand(len(x), -1, -1), self.patch_embed(x)), 1)
        x = x + (self.pos_embed if (high, wide) == (37, 37) else self.positions(high, wide))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, 0])


def build(name):
    own = {"cornet_s": cornet_s, "dinov2_vits14": lambda: DinoV2(384, 6), "dinov2_vitb14": lambda: DinoV2(768, 12)}
    if name in own:
        network = own[name]()
    else:
        options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        network = torchvision.models.get_model(name, weights=None, **options)
    state = {
        key: fill(key, tuple(tensor.shape))
        for key, tensor in network.state_dict().items() if not key.endswith("tracked")
    }
    network.load_state_dict(state, strict=False)
    return network.eval()


def size(name):
    return {"vit_b_16": (224, 224), "inception_v3": (96, 112), "dinov2_vits14": (70, 84), "dinov2_vitb14": (84, 70)}.get(
        name, (64, 96)
    )


def settle(network, sides):
    """Gives batch norms the statistics of some images, as training would. Without, numbers grow layer by layer, until gates
    are steps that turn the last digit of one library into all of another's; in networks without gates it is the other way
    round, since images of noise end up so alike that their variance is what rounding left."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
        norm.train()
    images = 4.0 * u("settled", 16 * 3 * math.prod(sides)) - 2.0
    with torch.no_grad():
        network(torch.from_numpy(images.astype(np.float32).reshape(16, 3, *sides)))
    network.eval()


def run(name, sides, settled=False):
    network, layers = build(name), {}
    if settled and name.startswith(("efficientnet", "mobilenet")):
        settle(network, sides)

    def keep(layer):
        def hook(_module, _inputs, output):
            output = output[0] if isinstance(output, tuple) else output
            layers[layer] = output.detach().clone()
        return hook

    for layer, module in network.named_modules():
        if layer:
            module.register_forward_hook(keep(layer))
    images = 4.0 * u("images", 3 * math.prod(sides)) - 2.0
    images = torch.from_numpy(images.astype(np.float32).reshape(1, 3, *sides))
    with torch.no_grad():
        network(images)
    return network, images, layers


# A few layers of one network a family.
KEPT = {
    "resnet50": ["conv1", "bn1", "relu", "maxpool", "layer1.0.conv2", "layer1.0.bn3", "layer1.0.downsample",
                 "layer1.0.relu", "layer1.0", "layer1", "layer2.0.conv2", "layer2", "layer3.5.bn2", "layer3",
                 "layer4.2.conv3", "layer4", "avgpool", "fc"],
    "convnext_tiny": ["features.0", "features.1.0.block.1", "features.1.0.stochastic_depth", "features.2", "features.7"],
    "cornet_s": ["V1", "V2.conv1", "V2", "V4", "IT", "decoder"],
    "densenet121": ["features.pool0", "features.denseblock1.denselayer2", "features.transition1", "features.norm5",
                    "classifier"],
    "dinov2_vits14": ["patch_embed", "blocks.0.attn", "blocks.11", "norm", "head"],
    "efficientnet_b0": ["features.0", "features.2.1.stochastic_depth", "features.4", "features.8", "classifier"],
    "googlenet": ["conv1", "inception3a.branch4", "inception4e", "fc"],
    "mobilenet_v3_small": ["features.0", "features.1.block.1", "features.4", "features.12", "classifier"],
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[1] == "references":
        references = {}
        for name, kept in KEPT.items():
            network, _, layers = run(name, size(name) if name.startswith("dino") else (64, 64))
            references[name] = {
                "modules": sorted(layers),
                "layers": {layer: {
                    "shape": list(layers[layer].shape[1:]),
                    "mean": layers[layer].double().mean().item(),
                    "std": layers[layer].double().std(correction=1).item(),
                    "first": layers[layer].flatten()[:4].tolist(),
                } for layer in kept},
            }
        print(json.dumps(references, indent=1))
    else:
        from safetensors.torch import save_file

        name, folder = sys.argv[2], Path(sys.argv[3])
        network, images, layers = run(name, size(name), settled=True)
        torch.save(network.state_dict(), folder / "weights.pth")
        save_file(network.state_dict(), folder / "weights.safetensors")
        outputs = {layer: output.contiguous() for layer, output in layers.items()}
        save_file({"images": images, **outputs}, folder / "outputs.safetensors")
