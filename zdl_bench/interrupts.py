"""Ctrl-C and SIGTERM at moments at which nothing can be made of them."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def signals_deferred() -> Iterator[None]:
    """Ctrl-C and SIGTERM that come in the block are raised when it ends. Processes started in it never see Ctrl-C.

    For what is to be done as a whole: a pool of processes that is half started cannot be ended, and a library that is half
    imported may take an interrupt for a part of its own that is missing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda n, _: came.append(n)) for number in (signal.SIGINT, signal.SIGTERM)}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in before.items():
            signal.signal(number, handler)
    for signal_number in came:
        signal.raise_signal(signal_number)
