"""Bad input by the hundred; tests/release/fuzz.py does it by the thousand.

Never an exception, a hang, a gigabyte of memory, or a change outside the store. The cases are the same in every start; a
case that fails is printed as it is, and `Checker().check(case)` repeats it.
"""

import os
import resource
import subprocess
import sys

import pytest
from fuzzing.case import LOAD_RESULTS, WORK, Case
from fuzzing.checking import Checker, changes, contents, judged, sandbox
from fuzzing.guard import MEMORY, SECONDS, WAITING
from fuzzing.kinds import KINDS, share
from fuzzing.overrides import TINY
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from zdl_bench.datasets.cache import ensure_decoded
from zdl_bench.registry import registry

QUICK, ALL = 60, 440
"""Cases of the fast tests, and of the slow ones."""
COMMANDS = 24
"""Cases that are run as real commands: a second or two each."""


@pytest.fixture(scope="module")
def checker():
    ensure_decoded(registry.dataset("digits"))
    return Checker()


def fuzz(checker: Checker, kind: str, cases: int) -> None:
    @settings(
        max_examples=cases,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],  # a case of a second is not made smaller in a minute
        suppress_health_check=list(HealthCheck),
    )
    @given(KINDS[kind][0]())
    def nothing_is_wrong(case: Case) -> None:
        assert not checker.check(case).wrong

    nothing_is_wrong()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_bad_input_is_one_clear_error(checker, kind):
    fuzz(checker, kind, share(kind, QUICK))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_much_bad_input_is_one_clear_error(checker, kind):
    fuzz(checker, kind, share(kind, ALL))


def limited() -> None:
    """In the child: what a command may take, and the address space that its libraries reserve without using it."""
    resource.setrlimit(resource.RLIMIT_AS, (4 * MEMORY, 4 * MEMORY))


def as_command(case: Case) -> list[str]:
    """What is wrong with a case whose commands are started as a person starts them."""
    wrong: list[str] = []
    with sandbox(case) as folder:
        before = contents(folder)
        for command in case.commands:
            started = [sys.executable, "-m", "zdl_bench", *command]
            settings = {"cwd": folder / WORK, "env": os.environ | {"OPENBLAS_NUM_THREADS": "1"}, "preexec_fn": limited}
            done = subprocess.run(started, capture_output=True, timeout=WAITING * SECONDS, check=False, **settings)
            wrong += judged(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
        wrong += changes(before, contents(folder), f"{WORK}/{case.store}")
    return wrong


def is_command(case: Case) -> bool:
    """Whether a process of its own can be given the case: it finds its experiments itself, and takes no NUL."""
    words = [word for command in case.commands for word in command]
    return LOAD_RESULTS not in words and not any("\0" in word or any("\ud800" <= c <= "\udfff" for c in word) for word in words)


@pytest.mark.slow
def test_real_commands(checker):
    kinds = [KINDS[kind][0]() for kind in ("overrides", "stored runs", "manifests", "IDX files")]

    @settings(
        max_examples=COMMANDS, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(st.one_of(kinds).filter(is_command))
    def nothing_is_wrong(case: Case) -> None:
        assert not as_command(case)

    nothing_is_wrong()


PROBES = {
    "an exception": (((LOAD_RESULTS, "a", "b", "c"),), "TypeError came out"),
    "a file outside the store": (((*TINY, "results_dir=../elsewhere"),), "outside the store"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PROBES)
def test_what_is_wrong_is_found(checker, name):
    """The check itself: it says so where something is wrong, and only there."""
    commands, expected = PROBES[name]
    assert any(expected in wrong for wrong in checker.check(Case(commands)).wrong)
    sound = checker.check(Case((TINY, ("ls",))))
    assert (sound.wrong, sound.statuses) == ([], [0, 0])


@pytest.mark.slow
def test_a_hang_is_found(checker, monkeypatch):
    def hang() -> None:
        while True:
            pass

    monkeypatch.setattr("fuzzing.checking.SECONDS", 1)
    monkeypatch.setattr("fuzzing.checking.INSTEAD", {"hang": hang})
    assert "takes more than" in checker.check(Case((("hang",),))).wrong[0]


@pytest.mark.slow
def test_a_bomb_is_found(checker, monkeypatch):
    def bomb() -> None:
        kept = bytearray(b"x") * (MEMORY + 100_000_000)
        assert kept

    monkeypatch.setattr("fuzzing.checking.INSTEAD", {"bomb": bomb})
    assert "bytes of memory" in checker.check(Case((("bomb",),))).wrong[0]
