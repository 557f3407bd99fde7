"""The articles' training program, written anew from its description: dictionaries, float64, one-hot labels, no tricks.

An independent oracle for the engine and the yardstick of its speed. It shares no code with the project.
"""

import numpy as np


class SGD:
    def __init__(self, lr=0.001):
        self.lr = lr

    def update(self, params, grads):
        for key in params:
            params[key] -= self.lr * grads[key]


class Momentum:
    def __init__(self, lr=0.001, alpha=0.9):
        self.lr, self.alpha, self.v = lr, alpha, None

    def update(self, params, grads):
        if self.v is None:
            self.v = {key: np.zeros_like(value) for key, value in params.items()}
        for key in params:
            self.v[key] = self.alpha * self.v[key] - self.lr * grads[key]
            params[key] += self.v[key]


class AdaGrad:
    def __init__(self, lr=0.001):
        self.lr, self.h = lr, None

    def update(self, params, grads):
        if self.h is None:
            self.h = {key: np.zeros_like(value) for key, value in params.items()}
        for key in params:
            self.h[key] += grads[key] * grads[key]
            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[key]) + 1e-7)


class RMSProp:
    def __init__(self, lr=0.001, decay=0.99):
        self.lr, self.decay, self.h = lr, decay, None

    def update(self, params, grads):
        if self.h is None:
            self.h = {key: np.zeros_like(value) for key, value in params.items()}
        for key in params:
            self.h[key] *= self.decay
            self.h[key] += (1 - self.decay) * grads[key] * grads[key]
            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[key]) + 1e-7)


class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999):
        self.lr, self.beta1, self.beta2, self.t, self.m, self.v = lr, beta1, beta2, 0, None, None

    def update(self, params, grads):
        if self.m is None:
            self.m = {key: np.zeros_like(value) for key, value in params.items()}
            self.v = {key: np.zeros_like(value) for key, value in params.items()}
        self.t += 1
        lr_t = self.lr * np.sqrt(1.0 - self.beta2**self.t) / (1.0 - self.beta1**self.t)
        for key in params:
            self.m[key] += (1 - self.beta1) * (grads[key] - self.m[key])
            self.v[key] += (1 - self.beta2) * (grads[key] ** 2 - self.v[key])
            params[key] -= lr_t * self.m[key] / (np.sqrt(self.v[key]) + 1e-7)


OPTIMIZERS = {"sgd": SGD, "momentum": Momentum, "rmsprop": RMSProp, "adagrad": AdaGrad, "adam": Adam}


def softmax(x):
    shifted = np.exp(x - x.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def gradient(params, x, t):
    """Logged loss and gradients of the loss summed over the batch."""
    z1 = x @ params["W1"] + params["b1"]
    a1 = np.where(z1 > 0, z1, 0)
    z2 = a1 @ params["W2"] + params["b2"]
    a2 = np.where(z2 > 0, z2, 0)
    y = softmax(a2 @ params["W3"] + params["b3"])
    loss = -np.sum(t * np.log(y + 1e-7)) / len(x)
    d3 = y - t
    d2 = (d3 @ params["W3"].T) * (z2 > 0)
    d1 = (d2 @ params["W2"].T) * (z1 > 0)
    grads = {
        "W1": x.T @ d1,
        "b1": d1.sum(axis=0),
        "W2": a1.T @ d2,
        "b2": d2.sum(axis=0),
        "W3": a2.T @ d3,
        "b3": d3.sum(axis=0),
    }
    return loss, grads


def prepare(images, labels):
    """Pixels / 255 in float32, one-hot labels."""
    return images.astype(np.float32) / 255, np.eye(10)[labels]


def losses(x_train, t_train, optimizer, steps, seed=8):
    """The logged loss of every step; x_train (n, 784) float32, t_train (n, 10) one-hot."""
    np.random.seed(seed)
    params = {
        "W1": 0.01 * np.random.randn(784, 200),
        "W2": 0.01 * np.random.randn(200, 200),
        "W3": 0.01 * np.random.randn(200, 10),
    }
    params |= {"b1": np.zeros(200), "b2": np.zeros(200), "b3": np.zeros(10)}
    logged = []
    for _ in range(steps):
        rows = np.random.choice(len(x_train), 100)
        loss, grads = gradient(params, x_train[rows], t_train[rows])
        optimizer.update(params, grads)
        logged.append(loss)
    return np.array(logged)
