"""The peers' programs train what ours trains; only where the extra `peers` is installed, and MNIST is here."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from peers.programs import LIBRARIES, PROGRAMS, ours
from peers.work import Work


@pytest.mark.slow
@pytest.mark.parametrize("peer", [peer for peer in PROGRAMS if peer != "articles"])  # it draws its own weights
def test_a_peer_has_the_losses_of_ours(peer, mnist):
    pytest.importorskip(LIBRARIES[peer], reason="the extra `peers` is not installed")
    work = Work("sgd", hidden=(50, 30), batch_size=20, steps=60)
    _, expected = ours(work)()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's: one epoch is not enough for it
        _, losses = PROGRAMS[peer](work)()
    if peer == "sklearn":  # it tells the mean of all batches alone
        losses, expected = losses[:1], expected.mean(keepdims=True)
    assert np.allclose(losses, expected, rtol=1e-5, atol=0)
