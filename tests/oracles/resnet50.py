"""Makes resnet50.json: what torchvision's ResNet-50 gives, layer by layer, with weights that anyone can make again.

usage: python resnet50.py > resnet50.json      (torch 2.11.0, torchvision 0.26.0, numpy)

Number i of a tensor is u(name, i) in [0, 1), a hash of the tensor's name and i in 32-bit arithmetic, scaled by what
the tensor is. src/nets/parity.rs fills its tensors by the same rule.
"""
import json
from functools import reduce

import numpy as np
import torch
import torchvision


def u(name, count):
    start = reduce(lambda h, byte: (h * 31 + byte) % 2**32, name.encode(), 0)
    x = np.arange(count, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(start)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = (x ^ (x >> np.uint32(shift))) * np.uint32(factor)
    x ^= x >> np.uint32(16)
    return x.astype(np.float64) / 2.0**32


def fill(name, shape):
    x = u(name, int(np.prod(shape)))
    if len(shape) > 1:
        bound = np.sqrt(6.0 / np.prod(shape[1:]))
        x = (2.0 * x - 1.0) * bound
    elif name.endswith("weight") or name.endswith("var"):
        x = 0.5 + x
    else:
        x = 0.2 * (x - 0.5)
    return torch.from_numpy(x.astype(np.float32).reshape(shape))


torch.set_num_threads(1)
network = torchvision.models.resnet50(weights=None).eval()
state = {name: fill(name, tuple(t.shape)) for name, t in network.state_dict().items() if not name.endswith("tracked")}
network.load_state_dict(state, strict=False)

layers = {}
for name, module in network.named_modules():
    if name:
        module.register_forward_hook(lambda m, i, o, name=name: layers.__setitem__(name, o.detach().clone()))
images = 4.0 * u("images", 3 * 64 * 64) - 2.0
with torch.no_grad():
    network(torch.from_numpy(images.astype(np.float32).reshape(1, 3, 64, 64)))

kept = ["conv1", "bn1", "relu", "maxpool", "layer1.0.conv2", "layer1.0.bn3", "layer1.0.downsample", "layer1.0.relu",
        "layer1.0", "layer1", "layer2.0.conv2", "layer2", "layer3.5.bn2", "layer3", "layer4.2.conv3", "layer4", "avgpool",
        "fc"]
print(json.dumps({
    "modules": [name for name, _ in network.named_modules() if name],
    "layers": {name: {
        "shape": list(layers[name].shape[1:]),
        "mean": layers[name].double().mean().item(),
        "std": layers[name].double().std(correction=1).item(),
        "first": layers[name].flatten()[:4].tolist(),
    } for name in kept},
}, indent=1))
