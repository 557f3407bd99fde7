"""How often a true leader is named, by the rule of the page and by two others.

    python tests/benchmarks/leader_power.py [SAMPLES]

One of m optimizers is ahead of the others, which are equal, by a ratio. The paired differences of ln loss are normal with a
standard deviation of 0.076, that of the tail loss on MNIST. Columns: by the page (a factor of two, nine tenths of the error, or
the family of all pairs); the factor of two alone, with all of the error; a factor of m, as before.
"""

import sys

import numpy as np
import pandas as pd

from zdl_bench.statistics.evidence import Entrants
from zdl_bench.statistics.inference import ALPHA, sign_flip_p
from zdl_bench.statistics.side import Side
from zdl_bench.statistics.standing import standings_of
from zdl_bench.statistics.verdict import Verdict

SEED, SPREAD = 20261130, 0.076
CASES = (
    (2, 6, 1.1),
    (2, 10, 1.1),
    (5, 6, 1.2),
    (5, 6, 1.4),
    (5, 10, 1.05),
    (5, 10, 1.1),
    (5, 10, 1.2),
    (10, 10, 1.1),
    (5, 20, 1.05),
)


def side(name: str, logs: np.ndarray) -> Side:
    """Return runs of one optimizer with these ln losses."""
    frame = {
        "run_id": [f"{name}-{seed}" for seed in range(len(logs))],
        "digest": [f"{name}-{seed}" for seed in range(len(logs))],
        "seed": np.arange(len(logs)),
        "optimizer": name,
        "status": "completed",
        "learned": True,
        "steps": 1000,
        "dataset": "mnist",
        "log_aulc": logs,
    }
    return Side(pd.DataFrame(frame).set_index("seed", drop=False))


def powers(optimizers: int, seeds: int, ratio: float, samples: int) -> np.ndarray:
    """Return the share of samples in which the true leader is named, by each rule."""
    rng = np.random.default_rng([SEED, optimizers, seeds, round(1000 * ratio)])
    names, found = [f"o{number}" for number in range(optimizers)], np.zeros(3)
    for _ in range(samples):
        logs = rng.normal(scale=SPREAD / np.sqrt(2), size=(optimizers, seeds))
        logs[0] -= np.log(ratio)
        entrants = Entrants({name: side(name, one) for name, one in zip(names, logs, strict=True)}, {}, are_tuned=True)
        [standing] = standings_of(entrants, names, [["log_aulc"]])
        leader = standing.leader
        page = leader is not None and leader.variant == "o0" and leader.verdict is Verdict.SUPPORTED
        p = max(sign_flip_p(logs[0] - other) if (logs[0] - other).sum() < 0 else 1.0 for other in logs[1:])
        found += [page, p <= ALPHA, p / 2 * optimizers <= ALPHA]
    return found / samples


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print("optimizers  seeds  ratio  page   factor 2  factor m")
    for case in CASES:
        print("{:10}  {:5}  {:5}".format(*case), "  ".join(f"{share:.3f}" for share in powers(*case, number)), flush=True)
