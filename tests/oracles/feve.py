"""FEVE by neuralpredictors 0.3.0 of seeded trials with unequal repeats: makes feve.json.

usage: python3 feve.py > feve.json      (pip install neuralpredictors==0.3.0)
"""
import json

import numpy as np
from neuralpredictors.measures.np_functions import fev

rng = np.random.default_rng(5)
repeats = [3, 4, 5, 2, 3, 3, 6, 4, 3, 2, 5, 4]
signal = rng.standard_normal((len(repeats), 3)) * [1.0, 0.5, 2.0]
trials = [(signal[i] + rng.standard_normal((count, 3))).astype(np.float32) for i, count in enumerate(repeats)]
predicted = (0.8 * signal + 0.4 * rng.standard_normal(signal.shape)).astype(np.float32)
wide = [t.astype(np.float64) for t in trials]
feve = fev(wide, [np.tile(p.astype(np.float64), (len(t), 1)) for t, p in zip(wide, predicted)])
print(json.dumps({"trials": [t.tolist() for t in trials], "predicted": predicted.tolist(), "feve": feve.tolist()}))
