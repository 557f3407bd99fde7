"""The training loop: RunConfig → Run."""

import hashlib
import math
import time
from array import array
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from zdl_bench.datasets.cache import class_count, load_decoded
from zdl_bench.datasets.dataset import Arrays
from zdl_bench.kernels.choice import kernels_for
from zdl_bench.kernels.rounding import require_default_rounding
from zdl_bench.optimizers.optimizer import Optimizer
from zdl_bench.problems.problem import RECORDED_PARAMETERS, Examples, Problem, Splits
from zdl_bench.registry import registry
from zdl_bench.run.config import RunConfig
from zdl_bench.run.environment import describe_environment
from zdl_bench.run.run import Curve, Floats, Run, Status, has_diverged
from zdl_bench.training.iterates import Iteration
from zdl_bench.training.probes import Prober

VALIDATION_SAMPLE = 1000
"""Number of validation images that are evaluated during a run."""


def train(config: RunConfig) -> Run:
    """Train and evaluate a run.

    Raise DataError if the data set is not available, ConfigError if the code of an optimizer or another part differs from
    the code that the run was planned with, and RoundingError if numbers are not rounded as everywhere else. Errors of the run
    itself are passed on.
    """
    registry.require_same_code(config)
    require_default_rounding()
    with np.errstate(all="ignore"):  # an overflow becomes the status of the run
        problem = problem_of(config)
        descent = descend(config, problem, registry.whole_optimizer(config))
        end = _end_numbers(problem, descent.answer) if descent.status is Status.COMPLETED else {}
        if not all(map(math.isfinite, end.values())):
            descent, end = _diverged_at_the_end(descent), {}
        digest = digest_of(descent.curve, descent.params, *([] if descent.answer is descent.params else [descent.answer]))
        require_default_rounding()
        return Run(
            config=config,
            status=descent.status,
            curve=descent.curve,
            end=end,
            digest=digest,
            train_seconds=descent.seconds,
            environment={**describe_environment(), **registry.libraries_of(config)},
        )


def prepare(config: RunConfig) -> None:
    """Load the compiled kernels of a network's runs, which the first process on a machine has to compile for some seconds.

    Raise ConfigError if the environment asks for kernels that are not available.
    """
    if config.dataset is not None:
        kernels_for(np.dtype(config.dtype))


@dataclass(frozen=True)
class Descent:
    """The result of the training loop.

    params: the last iterate. answer: the parameters to evaluate, which differ from `params` if the rule averages its iterates.
    seconds: the time of the steps, without the time of the probes.
    """

    status: Status
    curve: Curve
    params: Floats
    answer: Floats
    seconds: float


def descend(config: RunConfig, problem: Problem, optimizer: Optimizer) -> Descent:
    """Take all steps of a run, or stop if a loss diverges. Probes are measured between the steps, with the timer stopped."""
    iteration = Iteration(config, problem, optimizer)
    params, grad = iteration.params, iteration.grad
    prober = Prober(problem, params, config.steps, config.probe_count)
    losses, lrs = array("d"), array("d")
    points = [params.copy()] if problem.is_analytic and len(params) <= RECORDED_PARAMETERS else None

    starts_finite = math.isfinite(prober.probe_start(iteration.answer()))
    status, seconds = Status.DIVERGED, 0.0
    resumed = time.perf_counter()
    for number, step in enumerate(iteration.steps(), 1):
        losses.append(step.loss)
        lrs.append(step.lr)
        if has_diverged(step.loss, losses[0]) or not starts_finite:
            break
        prober.remember(number, params, grad)
        iteration.update(step)
        if points is not None:
            points.append(params.copy())
        if prober.is_due(number):
            seconds += time.perf_counter() - resumed
            ends = prober.probe(number, params, iteration.answer(), grad, seconds)
            resumed = time.perf_counter()
            if ends:
                break
        prober.end_step()
    else:
        status = Status.COMPLETED
    seconds += time.perf_counter() - resumed

    curve = Curve(
        planned_steps=config.steps,
        trivial_loss=problem.trivial_loss,
        train_loss=np.array(losses),
        lr=np.array(lrs),
        probes=prober.table(),
        points=np.array(points, dtype=np.float64) if points is not None else None,
        minimum=problem.minimum if points is not None else None,
        profile=prober.profile(),
        dtype=config.dtype,
        evaluations=iteration.maker.evaluations(number),
    )
    return Descent(status, curve, params, iteration.answer(), seconds)


def problem_of(config: RunConfig) -> Problem:
    """Return the problem of a run, with its data. Raise DataError if the data set is not available."""
    return registry.problem(config.problem).build(_splits(config), config.dtype)


def _diverged_at_the_end(descent: Descent) -> Descent:
    """Return the descent as diverged in its last step. The curve is changed too: it alone must show if the run finished."""
    probe_loss = descent.curve.probes.probe_loss.copy()
    probe_loss[-1] = math.nan
    curve = replace(descent.curve, probes=replace(descent.curve.probes, probe_loss=probe_loss))
    return replace(descent, status=Status.DIVERGED, curve=curve)


def _end_numbers(problem: Problem, answer: Floats) -> dict[str, float]:
    prefixes = {"validation": "val", "test": "test"}
    return {
        f"{prefixes[split]}_{name}": value
        for split in problem.evaluated_splits
        for name, value in problem.evaluate(answer, split).items()
    }


def digest_of(curve: Curve, *vectors: Floats) -> str:
    """Return the SHA-256 over the losses of the steps and the vectors, in hex: the final weights, and an answer that differs.

    Each NaN counts as the same NaN, since its sign and its other bits depend on the CPU.
    """
    content = hashlib.sha256()
    for vector in (curve.train_loss, *vectors):
        content.update(np.where(np.isnan(vector), vector.dtype.type(np.nan), vector).tobytes())
    return content.hexdigest()


def _splits(config: RunConfig) -> Splits | None:
    if config.dataset is None:
        return None
    dataset = registry.dataset_of(config.dataset)
    validation_size = config.dataset.values["validation_size"]
    assert isinstance(validation_size, int)
    assert config.probe_images is not None
    arrays = load_decoded(dataset)
    return split(arrays, validation_size, config.probe_images, class_count(dataset, arrays), dataset.checksum)


@lru_cache(maxsize=1)
def split(arrays: Arrays, validation_size: int, probe_images: int, classes: int | None, checksum: str = "") -> Splits:
    """Return the splits. The last `validation_size` training images are for validation; the probe is spread over the others.

    The runs of a process share them, and with them the sparse form of the images.
    """
    arrays = Arrays(*map(np.asarray, arrays))  # an element of a memory map takes longer to read
    everything = Examples(arrays.train_images, arrays.train_labels)
    train = everything.part(0, len(everything) - validation_size)
    validation = everything.part(len(train), len(everything))
    return Splits(
        train=train,
        validation=validation,
        test=Examples(arrays.test_images, arrays.test_labels),
        probe=train.spread(probe_images),
        validation_sample=validation.spread(min(VALIDATION_SAMPLE, len(validation))),
        classes=classes,
        checksum=checksum,
    )
