"""Rows of runs whose answer to a claim is known: one rule is fast, one slow, and noise that is the same in every test."""

import numpy as np
import pandas as pd

NOISE = np.array([0.03, -0.02, 0.01, -0.01, 0.02, -0.03, 0.005, -0.005, 0.015, -0.015])
SLOW = 0.3 * np.exp(NOISE)
FAST = 0.2 * np.exp(-0.5 * NOISE)


def rows(optimizer: str, tail_losses, lr: float = 0.001, first_seed: int = 0, **columns) -> pd.DataFrame:
    """One run per tail loss, of consecutive seeds; NaN is a run that diverged."""
    losses = np.asarray(tail_losses, dtype=float)
    frame = {
        "run_id": [f"{optimizer}-{lr:g}-{columns}-{first_seed + i}" for i in range(len(losses))],
        "optimizer": optimizer,
        "lr": lr,
        "effective_lr": lr * 10 if optimizer == "momentum" else lr,
        "seed": np.arange(first_seed, first_seed + len(losses)),
        "status": np.where(np.isnan(losses), "diverged", "completed"),
        "learned": ~np.isnan(losses),
        "steps": 1000,
        "dataset": "digits",
        "digest": [f"{optimizer}{lr}{columns}{loss}{i}" for i, loss in enumerate(losses)],
        "tail_loss": losses,
        "start_loss": 2.3,
        "log_aulc": np.log(np.maximum(losses, 1e-300)),
        "steps_to_0.3": losses * 1000,
        "reached_0.3": ~np.isnan(losses),
        "test_accuracy": 1 - losses,
    }
    return pd.DataFrame(frame).assign(**columns)


TUNING_SEEDS = range(100, 200)


def with_trials(*frames: pd.DataFrame) -> list[pd.DataFrame]:
    """The frames, and a copy of each on TUNING_SEEDS, so that learning rates can be chosen on others than those that judge."""
    first = TUNING_SEEDS[0]
    trials = [
        frame.assign(seed=frame["seed"] + first, run_id=frame["run_id"] + "-tuning", digest=frame["digest"] + "-tuning")
        for frame in frames
    ]
    return [*frames, *trials]
