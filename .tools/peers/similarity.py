"""RSA and CKA of data/x.npy and data/y.npy as a notebook has them: rsatoolbox's RDMs and comparison, and unbiased CKA in NumPy from both
products of rows (as Brain-Score's metric computes it, each pair anew). Prints seconds and values as JSON.

usage: python similarity.py      (in the folder with data/)
"""
import json
import time

import numpy as np
from rsatoolbox.data import Dataset
from rsatoolbox.rdm import calc_rdm, compare


def hsic(k, l):
    n = len(k)
    k, l = k - np.diag(np.diag(k)), l - np.diag(np.diag(l))
    a, b = k.sum(0), l.sum(0)
    return (np.sum(k * l) + a.sum() * b.sum() / ((n - 1) * (n - 2)) - 2 * a @ b / (n - 2)) / (n * (n - 3))


def cka(x, y):
    k, l = x @ x.T, y @ y.T
    return hsic(k, l) / np.sqrt(hsic(k, k) * hsic(l, l))


x, y = (np.load(f"data/{name}.npy").astype(np.float64) for name in "xy")
start = time.perf_counter()
a, b = (calc_rdm(Dataset(z), "correlation") for z in (x, y))
rdms = time.perf_counter() - start
out = {"rdms": rdms}
for method in ("spearman", "rho-a", "corr"):
    start = time.perf_counter()
    value = float(compare(a, b, method)[0, 0])
    out[method] = {"seconds": time.perf_counter() - start, "value": value}
start = time.perf_counter()
value = float(cka(x, y))
out["cka"] = {"seconds": time.perf_counter() - start, "value": value}
print(json.dumps(out))
