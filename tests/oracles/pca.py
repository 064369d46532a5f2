"""Writes pca.json: small arrays and their principal components by numpy's SVD, for the tests of src/math/pca.rs.

usage: python pca.py      (made with NumPy 2.4.6)
"""
import json
import numpy as np


def case(rows, columns, train, k, seed):
    rng = np.random.default_rng(seed)
    x = (rng.standard_normal((rows, columns)) * np.linspace(3, 0.5, columns) + 5).astype(np.float32)
    inside = x[train].astype(np.float64)
    mean = inside.mean(0)
    _, s, vt = np.linalg.svd(inside - mean, full_matrices=False)
    components = vt[:k]
    largest = np.abs((inside - mean) @ components.T).argmax(0)
    signs = np.sign(((inside - mean) @ components.T)[largest, np.arange(k)])
    components = components * signs[:, None]
    return {
        "x": x.tolist(),
        "train": train,
        "variances": (s[:k] ** 2 / (len(train) - 1)).tolist(),
        "total": float(inside.var(0, ddof=1).sum()),
        "components": components.tolist(),
        "scores": ((x - mean) @ components.T).tolist(),
    }


train = [0, 1, 3, 4, 5, 7, 8, 9]
with open(__file__.replace(".py", ".json"), "w") as file:
    json.dump({"wide": case(10, 14, train, 4, 0), "tall": case(12, 5, train + [10, 11], 3, 1)}, file)
