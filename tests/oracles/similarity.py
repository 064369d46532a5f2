"""Writes similarity.json and similarity.npz: small patterns and their RDMs, comparisons, ceilings, bootstraps and alignments by
rsatoolbox, for the tests of src/math/similarity/.

usage: python similarity.py [folder with 92_brainRDMs.mat, 92_modelRDMs.mat, simTruePatterns.mat]
(made with NumPy 2.4.6, SciPy 1.17.1, rsatoolbox 0.3.2; the .mat files are rsatoolbox's own, demos/92imageData)
"""
import json
import sys
import warnings

import numpy as np
import scipy.io
from rsatoolbox.data import Dataset, cov_from_unbalanced, prec_from_unbalanced
from rsatoolbox.inference import boot_noise_ceiling
from rsatoolbox.rdm import RDMs, calc_rdm, compare
from rsatoolbox.util.inference_util import _dual_bootstrap
from rsatoolbox.util.matrix import get_v

warnings.filterwarnings("ignore")
COMPARATORS = {"spearman": "spearman", "pearson": "corr", "cosine": "cosine", "rho_a": "rho-a", "tau_a": "tau-a",
               "cosine_cov": "cosine_cov", "corr_cov": "corr_cov"}


def rdm(x):
    """A vector of dissimilarities as the program keeps them, in 32 bits."""
    return RDMs(np.atleast_2d(np.asarray(x, np.float32).astype(float)))


def compared(a, b):
    return {ours: float(np.mean(compare(a, b, theirs))) for ours, theirs in COMPARATORS.items()}


def ceilings(subjects):
    bounds = {ours: boot_noise_ceiling(subjects, theirs) for ours, theirs in COMPARATORS.items()}
    # rsatoolbox normalises whitened RDMs by conjugate gradients to 1e-5, which moves bounds by up to 1e-4; here V is solved exactly.
    bounds |= {ours: whitened(subjects.get_vectors(), COMPARATORS[ours]) for ours in ("cosine_cov", "corr_cov")}
    return {ours: [float(bound) for bound in pair] for ours, pair in bounds.items()}


def whitened(v, theirs):
    n = int((1 + np.sqrt(1 + 8 * v.shape[1])) / 2)
    z = v - v.mean(1, keepdims=True) if theirs == "corr_cov" else v
    z = z / np.sqrt(np.einsum("ij,ij->i", z, np.linalg.solve(get_v(n, None).toarray(), z.T).T))[:, None]
    one = lambda a, b: compare(RDMs(a[None]), RDMs(b[None]), theirs)[0, 0]
    return np.mean([one(np.delete(z, s, 0).mean(0), x) for s, x in enumerate(v)]), np.mean([one(z.mean(0), x) for x in v])


def plain(subjects):
    """Brain-Score's: plain means, ranked afterwards."""
    v = subjects.get_vectors()
    one = lambda a, b: float(compare(RDMs(a[None]), RDMs(b[None]), "spearman")[0, 0])
    lower = np.mean([one(x, np.delete(v, s, 0).mean(0)) for s, x in enumerate(v)])
    return [float(lower), float(np.mean([one(x, v.mean(0)) for x in v]))]


def hsic(k, l, unbiased):
    n = len(k)
    if not unbiased:
        h = np.eye(n) - 1 / n
        return np.trace(h @ k @ h @ h @ l @ h) / n**2
    k, l, one = k - np.diag(np.diag(k)), l - np.diag(np.diag(l)), np.ones(n)
    return (np.trace(k @ l) + one @ k @ one * (one @ l @ one) / ((n - 1) * (n - 2)) - 2 * one @ k @ l @ one / (n - 2)) / (n * (n - 3))


def cka(x, y, unbiased):
    k, l = x @ x.T, y @ y.T
    return float(hsic(k, l, unbiased) / np.sqrt(hsic(k, k, unbiased) * hsic(l, l, unbiased)))


def jackknife(x, y, unbiased):
    n = len(x)
    left = np.array([cka(np.delete(x, i, 0), np.delete(y, i, 0), unbiased) for i in range(n)])
    return float(np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum()))


def aligned(x, y):
    return {"unbiased": cka(x, y, True), "biased": cka(x, y, False), "se_unbiased": jackknife(x, y, True), "se_biased": jackknife(x, y, False)}


rng = np.random.default_rng(0)
n, p, q = 40, 300, 12
Z = rng.standard_normal((n, 5))
X = (Z @ rng.standard_normal((5, p)) + rng.standard_normal((n, p)) + 1.5).astype(np.float32).astype(float)
Y = Z @ rng.standard_normal((5, q)) + rng.standard_normal((n, q))
x_rdms = {kind: calc_rdm(Dataset(X), kind) for kind in ("correlation", "euclidean")}
y_rdms = {kind: calc_rdm(Dataset(Y), kind) for kind in ("correlation", "euclidean")}
u = X / np.linalg.norm(X, axis=1, keepdims=True)
x_rdms["cosine"] = RDMs((1 - u @ u.T)[np.triu_indices(n, 1)][None])
exact = {ours: float(compare(x_rdms["correlation"], y_rdms["correlation"], theirs)[0, 0]) for ours, theirs in COMPARATORS.items()}
euclidean = {ours: float(compare(x_rdms["euclidean"], y_rdms["euclidean"], theirs)[0, 0]) for ours, theirs in COMPARATORS.items()}

# Three subjects with four repeats each; noise that units share.
mixing = np.eye(q) + 0.4 * rng.standard_normal((q, q))
repeats = (Y[None, :, :, None] + 0.5 * rng.standard_normal((3, n, q, 1))
           + np.einsum("jk,snkr->snjr", mixing, rng.standard_normal((3, n, q, 4)))).astype(np.float32)
one = repeats[0].astype(float)
presented = Dataset(one.transpose(0, 2, 1).reshape(-1, q), obs_descriptors={
    "stimulus": np.repeat(np.arange(n), 4), "repeat": np.tile(np.arange(4), n)})
precision = prec_from_unbalanced(presented, "stimulus")
noise = {
    "covariance": cov_from_unbalanced(presented, "stimulus").tolist(),
    "mahalanobis": calc_rdm(presented, "mahalanobis", descriptor="stimulus", noise=precision).get_vectors()[0].tolist(),
    "crossnobis": calc_rdm(presented, "crossnobis", descriptor="stimulus", noise=precision, cv_descriptor="repeat").get_vectors()[0].tolist(),
}
subjects = rdm([calc_rdm(Dataset(r.astype(float).mean(2)), "correlation").get_vectors()[0] for r in repeats])
tied = rdm(np.round(4 * x_rdms["correlation"].get_vectors()))

# Draws of stimuli with replacement, by rsatoolbox's own.
draws = []
for seed in range(3):
    drawn = np.random.default_rng(seed).integers(0, n, n)
    a, b = (r.subsample_pattern("index", drawn) for r in (tied, rdm(y_rdms["correlation"].get_vectors())))
    scores = {ours: float(compare(a, b, COMPARATORS[ours])[0, 0]) for ours in ("spearman", "pearson", "cosine", "rho_a", "tau_a")}
    draws.append({"counts": np.bincount(drawn, minlength=n).tolist(), "scores": scores})
variances = [[[a, b, c], int(s), int(t), float(_dual_bootstrap(np.array([[c], [a], [b]]), s, t)[0])]
             for a, b, c, s, t in [(.01, .02, .035, 4, 92), (.01, .02, .06, 3, 10), (.01, .001, .011, 8, 300), (.03, .02, .02, 4, 50)]]

out = {
    "rdm": {kind: r.get_vectors()[0].tolist() for kind, r in x_rdms.items()},
    "correlation": exact, "euclidean": euclidean,
    "tied": compared(tied, rdm(y_rdms["correlation"].get_vectors())),
    "noise": noise,
    "ceilings": ceilings(subjects), "plain": plain(subjects),
    "draws": draws, "variances": variances, "cka": aligned(X, Y),
}
if len(sys.argv) > 1:
    load = lambda name: scipy.io.loadmat(f"{sys.argv[1]}/{name}")
    recorded, models = load("92_brainRDMs.mat")["RDMs"][0], load("92_modelRDMs.mat")["Models"][0]
    upper = np.triu_indices(92, 1)
    brains = RDMs(np.array([np.mean([s["RDM"][upper] for s in subject], 0) for subject in recorded]))
    of = {str(m["name"][0]): compared(rdm(m["RDM"].astype(float)[upper]), brains) for m in models}
    true = load("simTruePatterns.mat")
    out["images92"] = {"models": of, "ceilings": ceilings(brains), "plain": plain(brains),
                       "cka": aligned(true["simTruePatterns"], true["simTruePatterns2"])}
name = __file__.replace(".py", "")
with open(name + ".json", "w") as file:
    json.dump(out, file, indent=0)
np.savez(name + ".npz", x=X.astype(np.float32), y=Y.astype(np.float32), repeats=repeats)
