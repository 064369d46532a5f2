#!/usr/bin/env python3
"""One epoch of `train_cnn`'s three-layer network in plain PyTorch, as someone would write it: the peer of `bench.py training`.

usage: train_cnn.py STIMULI SIDE UNITS BATCH EPOCHS SHIFT      prints the seconds of each epoch as a JSON list

The same network, loss, optimizer, schedule and rows: pictures as bytes in memory, normalised batch by batch, channels last;
nine tenths are fitted on and one tenth judges each epoch (explained variance and r per unit).
"""
import json, sys, time
import torch
from torch import nn
from torch.nn import functional as F

stimuli, side, units, batch, epochs = map(int, sys.argv[1:6])
shift = float(sys.argv[6])
generator = torch.Generator().manual_seed(0)
pictures = torch.randint(0, 256, (stimuli, side, side, 3), dtype=torch.uint8, generator=generator)
responses = torch.randn(stimuli, units, generator=generator)
mean, std = (torch.tensor(x).view(3, 1, 1) for x in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))


class Factorised(nn.Module):
    """A spatial mask and feature weights per unit."""

    def __init__(self, channels, height, width):
        super().__init__()
        self.mask = nn.Parameter(torch.full((units, height, width), 1 / (height * width)))
        self.weight = nn.Parameter(torch.randn(units, channels) / channels**0.5)
        self.bias = nn.Parameter(torch.zeros(units))

    def forward(self, x):
        return (x.flatten(2) @ self.mask.flatten(1).T * self.weight.T).sum(1) + self.bias


def block(inputs, outputs, kernel, stride, pool):
    parts = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    return parts + ([nn.MaxPool2d(pool)] if pool > 1 else []) + [nn.Dropout(0.2)]


trunk = nn.Sequential(*block(3, 32, 7, 2, 2), *block(32, 64, 5, 1, 2), *block(64, 64, 3, 1, 1))
_, channels, height, width = trunk(torch.zeros(2, 3, side, side)).shape
net = nn.Sequential(trunk, Factorised(channels, height, width)).to(memory_format=torch.channels_last)
judge, fit = torch.arange(stimuli // 10), torch.arange(stimuli // 10, stimuli)
optimizer = torch.optim.AdamW(net.parameters(), 0.003, weight_decay=0.3)
steps = -(-len(fit) // batch)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.003, total_steps=steps * epochs)


def prepared(rows, looks):
    x = pictures[rows].permute(0, 3, 1, 2).float() / 255
    if looks and shift:
        maps = torch.zeros(len(rows), 2, 3)
        maps[:, 0, 0] = maps[:, 1, 1] = 1
        maps[:, :, 2] = (torch.rand(len(rows), 2) * 2 - 1) * 2 * shift / side
        x = F.grid_sample(x, F.affine_grid(maps, x.shape, align_corners=False), padding_mode="border", align_corners=False)
    return ((x - mean) / std).contiguous(memory_format=torch.channels_last)


seconds = []
for _ in range(epochs):
    start = time.perf_counter()
    net.train()
    losses = []
    for rows in fit[torch.randperm(len(fit))].split(batch):
        loss = F.mse_loss(net(prepared(rows, True)), responses[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    net.eval()
    with torch.no_grad():
        predicted = torch.cat([net(prepared(rows, False)) for rows in judge.split(64)])
    truth = responses[judge]
    explained = 1 - (truth - predicted).var(0) / truth.var(0)
    r = torch.stack([torch.corrcoef(torch.stack(pair))[0, 1] for pair in zip(truth.T, predicted.T)])
    assert explained.isfinite().all() and r.isfinite().all() and losses
    seconds.append(time.perf_counter() - start)
print(json.dumps(seconds))
