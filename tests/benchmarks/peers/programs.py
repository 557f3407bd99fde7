"""One function per program: work → a training, ready to be timed. What a program does once is done before."""

import os
import time
from collections.abc import Callable

import articles_program
import numpy as np
import threadpoolctl

from peers.work import Training, Work
from zdl_bench.run.run import Floats
from zdl_bench.training.loop import train


def timed(training: Callable[[], Floats]) -> Training:
    def run():
        with threadpoolctl.threadpool_limits(1):
            start = time.perf_counter()
            losses = training()
            return time.perf_counter() - start, losses

    return run


def ours(work: Work) -> Training:
    """Count the seconds of the steps and of their recording, but not of the evaluation between them."""

    def run():
        made = train(work.config)
        return made.train_seconds, made.curve.train_loss

    return run


def articles(work: Work) -> Training:
    """float64, with batches and weights of its own; the articles' shape alone."""
    assert work.hidden == (200, 200)
    assert work.batch_size == 100
    x, t = work.pixels, np.eye(10)[work.labels]

    def run():
        optimizer = articles_program.OPTIMIZERS[work.optimizer](work.lr)
        return np.array(articles_program.losses(x, t, optimizer, work.steps))

    return timed(run)


def torch_default(work: Work) -> Training:
    return _torch(work, {})


def torch_fused(work: Work) -> Training:
    return _torch(work, {"fused": True})


def _torch(work: Work, options: dict[str, bool]) -> Training:
    import torch
    from torch import nn

    torch.set_num_threads(1)
    pixels, labels = torch.from_numpy(work.pixels), torch.from_numpy(work.labels.astype(np.int64))
    rows = torch.from_numpy(work.rows)

    def optimizer_of(parameters):
        makers = {
            "sgd": lambda: torch.optim.SGD(parameters, lr=work.lr, **options),
            "momentum": lambda: torch.optim.SGD(parameters, lr=work.lr, momentum=0.9, **options),
            "adagrad": lambda: torch.optim.Adagrad(parameters, lr=work.lr, eps=1e-7, **options),
            "rmsprop": lambda: torch.optim.RMSprop(parameters, lr=work.lr, alpha=0.99, eps=1e-8),
            "adam": lambda: torch.optim.Adam(parameters, lr=work.lr, **options),
        }
        return makers[work.optimizer]()

    def run():
        layers: list[nn.Module] = []
        for weight, bias in work.start():
            linear = nn.Linear(*weight.shape)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(weight.T.copy()))
                linear.bias.copy_(torch.from_numpy(bias.copy()))
            layers += [linear, nn.ReLU()]
        network = nn.Sequential(*layers[:-1])
        optimizer = optimizer_of(network.parameters())
        loss_of = nn.CrossEntropyLoss(reduction="sum")
        losses = torch.empty(work.steps)
        for step in range(work.steps):
            batch = rows[step]
            optimizer.zero_grad()
            loss = loss_of(network(pixels[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            losses[step] = loss.detach()
        return losses.numpy() / work.batch_size

    return timed(run)


def jax_scan(work: Work) -> Training:
    """Compiled before the training is timed."""
    return _jax(work, compiled_before=True)


def jax_scan_with_compilation(work: Work) -> Training:
    return _jax(work, compiled_before=False)


def _jax(work: Work, compiled_before: bool) -> Training:
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = {
        "sgd": lambda: optax.sgd(work.lr),
        "momentum": lambda: optax.sgd(work.lr, momentum=0.9),
        "adagrad": lambda: optax.adagrad(work.lr, initial_accumulator_value=0.0, eps=1e-7),
        "rmsprop": lambda: optax.rmsprop(work.lr, decay=0.99, eps=1e-8),
        "adam": lambda: optax.adam(work.lr),
    }[work.optimizer]()

    def loss_of(params, x, labels):
        for weight, bias in params[:-1]:
            x = jax.nn.relu(x @ weight + bias)
        weight, bias = params[-1]
        return optax.softmax_cross_entropy_with_integer_labels(x @ weight + bias, labels).sum()

    def descend(params, pixels, labels, rows):
        def step(carry, batch):
            params, state = carry
            loss, grads = jax.value_and_grad(loss_of)(params, pixels[batch], labels[batch])
            updates, state = optimizer.update(grads, state)
            return (optax.apply_updates(params, updates), state), loss

        return jax.lax.scan(step, (params, optimizer.init(params)), rows)

    data = (jnp.asarray(work.pixels), jnp.asarray(work.labels.astype(np.int32)), jnp.asarray(work.rows))
    start = [(jnp.asarray(weight), jnp.asarray(bias)) for weight, bias in work.start()]

    def compiled():
        return jax.jit(descend).lower(start, *data).compile()

    ready = compiled() if compiled_before else None

    def run():
        program = ready or compiled()
        (_, _), losses = program(start, *data)
        return np.asarray(losses) / work.batch_size

    return timed(run)


def scikit_learn(work: Work) -> Training:
    """Its loss is told per epoch alone: the mean over all batches, repeated."""
    from sklearn.neural_network import MLPClassifier

    mean_lr = work.lr * work.batch_size  # its gradient is that of the mean
    settings = {
        "sgd": {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False, "learning_rate_init": mean_lr},
        "momentum": {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": False, "learning_rate_init": mean_lr},
        "adam": {"solver": "adam", "learning_rate_init": work.lr},
    }[work.optimizer]

    def run():
        network = MLPClassifier(
            work.hidden, alpha=0.0, batch_size=work.batch_size, shuffle=False, max_iter=1, warm_start=True, **settings
        )
        network.partial_fit(work.pixels[:100], work.labels[:100], classes=np.arange(10))
        network.coefs_ = [weight.copy() for weight, _ in work.start()]
        network.intercepts_ = [bias.copy() for _, bias in work.start()]
        order = work.rows.ravel()
        network.fit(work.pixels[order], work.labels[order])
        return np.full(work.steps, network.loss_)

    return timed(run)


PROGRAMS = {
    "articles": articles,
    "torch": torch_default,
    "torch fused": torch_fused,
    "jax": jax_scan,
    "sklearn": scikit_learn,
}
"""The programs that ours is compared with."""
LIBRARIES = {"articles": "numpy", "torch": "torch", "torch fused": "torch", "jax": "optax", "sklearn": "sklearn"}
"""The library that a program needs."""
ONLY = {"torch fused": ("sgd", "momentum", "adagrad", "adam"), "sklearn": ("sgd", "momentum", "adam")}
"""Optimizers that a program has, where not all."""
