"""himalaya's MultipleKernelRidgeCV by random search on three bands' kernels, centred by train and of trace n, 5 folds.

usage: banded_himalaya.py TRAIN CANDIDATES PENALTIES OUT.npy      (in a folder with data/b0.npy, b1.npy, b2.npy and y.npy)

Kernels are made before the clock starts. PENALTIES is how many from 1e-5 to 1e5, or 1 for its default, 1.0. In 32 bits on torch, the
fastest that it was here. Prints the seconds of its fit, and writes predictions of all rows.
"""
import sys, time
import numpy as np
from himalaya.backend import set_backend
from himalaya.kernel_ridge import MultipleKernelRidgeCV

train, candidates, penalties = (int(a) for a in sys.argv[1:4])
backend = set_backend("torch")
kernels = []
for band in range(3):
    x = np.load(f"data/b{band}.npy")
    x = x - x[:train].mean(0)
    k = x @ x[:train].T
    kernels.append(k * (train / np.trace(k[:train])))
kernels, y = np.stack(kernels).astype(np.float32), np.load("data/y.npy").astype(np.float32)
mean = y[:train].mean(0)
model = MultipleKernelRidgeCV(
    kernels="precomputed", solver="random_search", cv=5, random_state=0,
    solver_params=dict(n_iter=candidates, progress_bar=False, alphas=1.0 if penalties == 1 else np.logspace(-5, 5, penalties, dtype=np.float32)))
inside, target = backend.asarray(kernels[:, :train]), backend.asarray(y[:train] - mean)
start = time.perf_counter()
model.fit(inside, target)
print(time.perf_counter() - start)
np.save(sys.argv[4], backend.to_numpy(model.predict(backend.asarray(kernels))) + mean)
