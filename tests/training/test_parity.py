"""experiment=day64_parity against the articles' printed losses, and against their program written anew, at every step."""

import articles_program
import numpy as np
import pytest
from conftest import run_process

from zdl_bench import load_results
from zdl_bench.datasets.cache import load_decoded

TABLE = {  # step → loss of SGD, Momentum, RMSProp, Adam, AdaGrad with seed 8
    1: (2.302546, 2.302546, 2.302546, 2.302546, 2.302546),
    2: (2.302813, 2.302813, 2.312910, 2.301182, 2.301179),
    10: (2.302181, 2.301164, 1.225867, 2.211651, 2.243146),
    100: (2.297522, 0.550724, 0.408100, 0.583028, 1.220709),
    500: (0.493081, 0.108163, 0.168026, 0.238334, 0.607647),
    1000: (0.398335, 0.070307, 0.085299, 0.121200, 0.586346),
}
MEAN_OF_LAST_100 = (0.33431, 0.10544, 0.11119, 0.14315, 0.54831)
NAMES = ("sgd", "momentum", "rmsprop_articles", "adam_articles", "adagrad")


@pytest.fixture(scope="module")
def losses(mnist, tmp_path_factory):
    """(optimizer, seed) → the 1,000 losses of the experiment, as a person gets them."""
    folder = tmp_path_factory.mktemp("parity")
    outcome = run_process("-m", "experiment=day64_parity", "seed=8,1", "report=false", cwd=folder)
    assert outcome.status == 0, outcome.err
    results = load_results(folder / "results")
    runs = results.runs.set_index("run_id")
    return {
        (runs.loc[run_id, "optimizer"], int(runs.loc[run_id, "seed"])): curve["train_loss"].to_numpy()
        for run_id, curve in results.curves.groupby("run_id", observed=True)
    }


@pytest.mark.slow
@pytest.mark.parametrize(("column", "name"), list(enumerate(NAMES)))
def test_the_printed_losses(losses, column, name):
    curve = losses[name, 8]
    assert {step: round(curve[step - 1], 6) for step in TABLE} == {step: row[column] for step, row in TABLE.items()}
    assert round(curve[-100:].mean(), 5) == MEAN_OF_LAST_100[column]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [8, 1])
@pytest.mark.parametrize("name", NAMES)
def test_every_step_of_the_program(losses, mnist, name, seed):
    arrays = load_decoded(mnist)
    x, t = articles_program.prepare(arrays.train_images, arrays.train_labels)
    optimizer = articles_program.OPTIMIZERS[name.removesuffix("_articles")]()
    theirs = articles_program.losses(x, t, optimizer, steps=1000, seed=seed)
    assert np.abs(losses[name, seed] / theirs - 1).max() < 1e-9
