"""Print ceilings of a recording with repeats, as the test of noise_ceiling holds them.

usage: ceilings.py REPEATS.npy    (units x stimuli x repeats, NaN where one is missing); needs: numpy

Seen on session 210325 of Cowley et al. 2023 (NumPy 2.4), mean and median over 50 sites:
    variance_based         .7440303567  .7640430504
    variance_standardised  .7464565418  .7658041969
    nx414                  .7321        .7513          of 20 random orders; their spread is some .003
    brain_score            .7647                       likewise
"""
import sys

import numpy as np

repeats = np.load(sys.argv[1]).astype(float)


def variance_based(x):
    count = (~np.isnan(x)).sum(1)
    x, count = x[count > 1], count[count > 1]
    means = np.nanmean(x, 1)
    return 1 - (np.nanvar(x, 1, ddof=1) / count).mean() / means.var(ddof=1)


def variance_standardised(x):
    # Rows of a repeat that does not vary say nothing.
    with np.errstate(invalid="ignore"):
        z = (x - np.nanmean(x, 0)) / np.nanstd(x, 0)
    count = (~np.isnan(z)).sum(1)
    z, count = z[count > 1], count[count > 1]
    noise = np.nanvar(z, 1, ddof=1).mean()
    signal = max(1 - noise, 0)
    return signal / (signal + noise * (1 / count).mean())


def halved(equal, orders=20):
    rng = np.random.default_rng(0)
    ceilings = []
    for _ in range(orders):
        order = rng.permutation(repeats.shape[2])
        of_units = []
        for unit in repeats:
            one, other = [], []
            for trials in unit[:, order]:
                known = trials[~np.isnan(trials)]
                half = len(known) // 2
                if half:
                    one.append(known[:half].mean())
                    other.append((known[half : 2 * half] if equal else known[half:]).mean())
            r = np.corrcoef(one, other)[0, 1]
            of_units.append(2 * r / (1 + r))
        ceilings.append(of_units)
    return np.array(ceilings)


for name, of in [("variance_based", variance_based), ("variance_standardised", variance_standardised)]:
    all_units = [of(unit) for unit in repeats]
    print(name, np.mean(all_units), np.median(all_units))
nx414 = halved(equal=True).mean(0)
print("nx414", nx414.mean(), np.median(nx414))
print("brain_score", np.median(halved(equal=False), 1).mean())
