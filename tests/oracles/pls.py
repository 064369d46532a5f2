"""Writes pls.json: small arrays and what scikit-learn's PLSRegression predicts of them, for the tests of src/math/linear/pls.rs
and src/nodes/regression/pls.rs.

usage: python pls.py      (made with scikit-learn 1.9.1 and NumPy 2.4.6)

Its tolerance is of a square: 1e-6, the default, leaves predictions up to 1e-3 off, 1e-12 some 1e-6 (`usual`), 1e-24 nothing.
"""
import json
import numpy as np
from sklearn.cross_decomposition import PLSRegression


def case(rows, columns, units, train, counts, seed):
    rng = np.random.default_rng(seed)
    x = (rng.standard_normal((rows, columns)) * np.linspace(3, 0.5, columns) + 5).astype(np.float32)
    weights = rng.standard_normal((columns, units)) * 0.3
    y = (x @ weights + 2 * rng.standard_normal((rows, units)) * np.linspace(0.5, 2, units) + 10).astype(np.float32)
    wide, truth = x.astype(np.float64), y.astype(np.float64)
    out = {"x": x.tolist(), "y": y.tolist(), "train": train, "counts": counts}
    for name, scale, tol, most in ("predictions", False, 1e-24, 100000), ("scaled", True, 1e-24, 100000), ("usual", False, 1e-12, 5000):
        fits = [PLSRegression(k, scale=scale, tol=tol, max_iter=most).fit(wide[:train], truth[:train]) for k in counts]
        out[name] = [np.round(fit.predict(wide), 10).tolist() for fit in fits]
    # Of the features' and the responses' squares, what each component takes along.
    last = PLSRegression(counts[-1], scale=False, tol=1e-24, max_iter=100000).fit(wide[:train], truth[:train])
    scores, inside, target = last.x_scores_, wide[:train] - wide[:train].mean(0), truth[:train] - truth[:train].mean(0)
    unit = scores / np.linalg.norm(scores, axis=0)
    out["of_features"] = (np.square(unit.T @ inside).sum(1) / np.square(inside).sum()).tolist()
    out["of_responses"] = (np.square(unit.T @ target).sum(1) / np.square(target).sum()).tolist()
    return out


with open(__file__.replace(".py", ".json"), "w") as file:
    json.dump({"tall": case(40, 12, 5, 30, [1, 2, 4, 8], 0), "wide": case(24, 50, 4, 18, [1, 3, 7], 1), "alone": case(30, 8, 1, 22, [1, 3, 5], 2)}, file)
