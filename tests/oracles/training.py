"""Writes training.json: steps of torch.optim and factors of torch.optim.lr_scheduler, for the tests of src/math/optim.rs and
src/math/schedule.rs.

usage: python training.py      (made with PyTorch 2.11.0)
"""
import json
import torch

torch.set_default_dtype(torch.float64)


def optimizer(rule, rate, decay, momentum=0.0):
    generator = torch.Generator().manual_seed(3)
    start = torch.randn(4, generator=generator)
    parameter = torch.nn.Parameter(start.clone())
    made = {
        "sgd": lambda: torch.optim.SGD([parameter], rate, momentum=momentum, weight_decay=decay),
        "adam": lambda: torch.optim.Adam([parameter], rate, weight_decay=decay),
        "adamw": lambda: torch.optim.AdamW([parameter], rate, weight_decay=decay),
    }[rule]()
    gradients, after = [], []
    for _ in range(5):
        parameter.grad = torch.randn(4, generator=generator)
        gradients.append(parameter.grad.tolist())
        made.step()
        after.append(parameter.tolist())
    return {"rule": rule, "rate": rate, "decay": decay, "momentum": momentum, "start": start.tolist(),
            "gradients": gradients, "after": after}


def schedule(name, steps, epochs):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], 1.0)
    total = steps * epochs
    scheduler = {
        "constant": lambda: torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 1.0),
        # Every two epochs.
        "step": lambda: torch.optim.lr_scheduler.StepLR(optimizer, 2 * steps, 0.1),
        "cosine": lambda: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total),
        "one_cycle": lambda: torch.optim.lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=total),
    }[name]()
    factors = []
    for _ in range(total):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step() if len(factors) < total else None
    return {"schedule": name, "steps": steps, "epochs": epochs, "factors": factors}


cases = [("sgd", 0.1, 0.0, 0.0), ("sgd", 0.1, 0.01, 0.0), ("sgd", 0.1, 0.01, 0.9), ("adam", 0.05, 0.0), ("adam", 0.05, 0.1),
         ("adamw", 0.05, 0.0), ("adamw", 0.05, 0.1)]
schedules = [(name, steps, epochs) for name in ("constant", "step", "cosine", "one_cycle") for steps, epochs in ((3, 5), (7, 4))]
with open(__file__.replace(".py", ".json"), "w") as file:
    json.dump({"optimizers": [optimizer(*case) for case in cases], "schedules": [schedule(*case) for case in schedules]}, file, indent=1)
    file.write("\n")
