"""Writes banded.json: small bands of features and what himalaya and scipy make of them, for the tests of src/math/linear/banded.rs,
src/math/linear/stacking.rs, src/base/stats/partition.rs and src/nodes/regression/banded_ridge/.

usage: python banded.py      (made with himalaya 0.4.11, SciPy 1.17.1 and NumPy 2.4.6)

himalaya's random search is given the candidates and a fold a row, for which it refits without each row; its kernels
are centred by train rows and have a trace of their number.
"""
import json
import numpy as np
from himalaya.kernel_ridge import solve_multiple_kernel_ridge_random_search as search
from himalaya.scoring import r2_score_split
from scipy.optimize import nnls
from sklearn.model_selection import KFold

rng = np.random.default_rng(0)
rows, train, widths, units = 42, 30, [6, 40, 3], 5
latent = rng.standard_normal((rows, 3))
bands = [(latent @ rng.standard_normal((3, width)) + rng.standard_normal((rows, width)) * scale + 2).astype(np.float32)
         for width, scale in zip(widths, [1.0, 0.7, 0.3])]
y = sum(band.astype(np.float64) @ rng.standard_normal((band.shape[1], units)) * share for band, share in zip(bands, [0.6, 0.1, 0.4]))
y[:, 3] = bands[1].astype(np.float64) @ rng.standard_normal(widths[1])
y = (y + rng.standard_normal((rows, units)) * 1.5 + 4).astype(np.float32)
wide, truth = [band.astype(np.float64) for band in bands], y.astype(np.float64)


def kernel(x):
    x = x - x[:train].mean(0)
    k = x @ x[:train].T
    return k * (train / np.trace(k[:train]))


kernels = np.stack([kernel(x) for x in wide])
inside = kernels[:, :train]
mean = truth[:train].mean(0)
gammas = np.array([[1, 1, 1], [8, 1, 1], [1, 8, 1], [0.1, 0.2, 9.7], [5, 5, 0.0]])
gammas = gammas / gammas.sum(1, keepdims=True)
alphas = np.logspace(-3, 3, 13)


def fit(candidates, kept):
    """The best of some candidates of some bands by leave-one-out: γ, α, dual coefficients, losses; predictions by band."""
    deltas, dual, scores, best, intercept = search(
        inside[kept], truth[:train], n_iter=candidates, alphas=alphas, cv=KFold(train), fit_intercept=True, return_weights="dual",
        progress_bar=False, return_alphas=True)
    by_band = np.stack([kernels[b] @ (np.exp(deltas[at]) * dual) for at, b in enumerate(kept)])
    return np.exp(deltas) * best, best, -scores, by_band, intercept


weights, best, losses, by_band, intercept = fit(gammas, [0, 1, 2])
predicted = by_band.sum(0) + mean
assert np.allclose(intercept, mean)
test = np.arange(train, rows)


def centred(x):
    return x[..., test, :] - x[..., test, :].mean(-2, keepdims=True)


def explained(by_band):
    return 1 - (truth[test] - by_band.sum(0)[test]).var(0) / truth[test].var(0)


parts = {}
for mask in range(1, 8):
    kept = [b for b in range(3) if mask >> b & 1]
    some = gammas[:, kept]
    some = some[some.sum(1) > 0]
    parts[mask] = explained(fit(some / some.sum(1, keepdims=True), kept)[3])
r = {mask: parts[mask] for mask in parts}
# Commonality as textbooks have it for three predictors (Nimon & Oswald 2013).
common = {
    1: r[7] - r[6], 2: r[7] - r[5], 4: r[7] - r[3],
    3: r[5] + r[6] - r[4] - r[7],
    5: r[3] + r[6] - r[2] - r[7],
    6: r[3] + r[5] - r[1] - r[7],
    7: r[1] + r[2] + r[4] - r[3] - r[5] - r[6] + r[7],
}

# Stacking: each band's own ridge, its leave-one-out errors by refits, and weights on the simplex.
errors, apart = [], []
for b in range(3):
    _, chosen, _, alone, _ = fit(np.ones((1, 1)), [b])
    out = np.zeros((train, units))
    for row in range(train):
        keep = np.arange(train) != row
        for unit in range(units):
            x = wide[b][:train] * np.sqrt(train / np.square(wide[b][:train] - wide[b][:train].mean(0)).sum())
            m = x[keep].mean(0)
            k = (x[keep] - m) @ (x[keep] - m).T
            t = truth[:train][keep, unit]
            a = np.linalg.solve(k + chosen[unit] * np.eye(train - 1), t - t.mean())
            out[row, unit] = truth[row, unit] - t.mean() - (x[row] - m) @ (x[keep] - m).T @ a
    errors.append(out)
    apart.append(alone[0])
errors, apart = np.stack(errors), np.stack(apart)
stack = []
for unit in range(units):
    e = errors[:, :, unit].T
    # A row of ones with the target 1 leaves the direction of the solution on the simplex; its length is divided out.
    w = nnls(np.vstack([e, np.full((1, 3), 1.0)]), np.append(np.zeros(train), 1.0))[0]
    stack.append(w / w.sum())
stack = np.array(stack)
stacked = np.einsum("ub,bru->bru", stack, apart)

out = {
    "bands": [band.tolist() for band in bands], "y": y.tolist(), "train": train,
    "gammas": gammas.tolist(), "alphas": alphas.tolist(), "weights": weights.T.tolist(), "best": best.tolist(), "losses": losses.tolist(),
    "predicted": predicted.tolist(), "by_band": by_band.tolist(),
    "explained": explained(by_band).tolist(),
    "split": r2_score_split(centred(truth), centred(by_band)).tolist(),
    "parts": {str(mask): value.tolist() for mask, value in parts.items()},
    "common": {str(mask): value.tolist() for mask, value in common.items()},
    "errors": errors.tolist(), "stack": stack.tolist(), "stacked": (stacked.sum(0) + mean).tolist(),
}
with open(__file__.replace(".py", ".json"), "w") as file:
    json.dump(out, file)
print(weights.T.round(3), best, stack.round(3), out["split"], out["explained"], sep="\n")
