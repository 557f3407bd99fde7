"""Writes tests/engine_curves.json: the numbers that ENGINE_VERSION stands for.

Run `python tests/engine_curves.py` after ENGINE_VERSION was raised, and only then.
"""

import json
from pathlib import Path

from conftest import digits_config, part, quadratic_config

from zdl_bench.datasets.dataset import ensure_decoded
from zdl_bench.registry import registry
from zdl_bench.run.config import ENGINE_VERSION, RunConfig
from zdl_bench.training.loop import train

OPTIMIZERS = ("sgd", "momentum", "adagrad", "rmsprop", "rmsprop_articles", "adam", "adam_articles")
"""A new optimizer changes no numbers of an existing config: it is added here when the file is written anew."""
FILE = Path(__file__).parent / "engine_curves.json"


def configs() -> dict[str, RunConfig]:
    """Every optimizer in both dtypes, and what else changes numbers."""
    chosen: dict[str, RunConfig] = {}
    for name in OPTIMIZERS:
        for dtype in ("float32", "float64"):
            chosen[f"{name} {dtype}"] = digits_config(name, lr=0.005, dtype=dtype, steps=80)
    epochs = part("problem", "mlp", hidden=(12, 6), activation="tanh", init="he", loss_reduction="mean", sampling="epochs")
    sigmoid = part("problem", "mlp", hidden=(8,), activation="sigmoid", init="xavier", log_epsilon=1e-7)
    noisy = {"dimension": 5, "condition_number": 100.0, "gradient_noise": 0.2}
    return chosen | {
        "epochs, tanh, he, mean": digits_config("adam", lr=0.01, problem=epochs, dtype="float64"),
        "sigmoid, xavier, log_epsilon": digits_config("momentum", lr=0.01, problem=sigmoid, dtype="float64"),
        "legacy": digits_config("sgd", lr=0.01, rng="legacy", seed=8, dtype="float64"),
        "cosine": digits_config("sgd", lr=0.01, schedule=part("schedule", "cosine", warmup_share=0.1), dtype="float64"),
        "noisy quadratic": quadratic_config("adam", lr=0.05, problem=noisy, seed=3),
        "diverging": digits_config("sgd", lr=100.0, dtype="float64"),
    }


def main() -> None:
    ensure_decoded(registry.dataset("digits"))
    stored = {}
    for name, config in configs().items():
        run = train(config)
        assert run.curve is not None
        stored[name] = {
            "run_id": run.run_id,
            "status": run.status.value,
            "digest": run.digest,
            "train_loss": run.curve.train_loss[:: 1 if run.config.dtype == "float64" else 8].tolist(),
            "probe_loss": run.curve.probes.probe_loss[::5].tolist(),
            "end": dict(run.end),
        }
    content = {"engine": ENGINE_VERSION, "curves": stored}
    FILE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
