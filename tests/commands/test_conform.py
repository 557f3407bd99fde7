"""`conform`: where two optimizers part, and which key explains it."""

import re
import warnings
from pathlib import Path

import pytest

BOWL = ("problem=bowl", "steps=20")


def lines(outcome):
    return [line for line in outcome.out.splitlines() if line]


def test_two_names_of_one_rule_agree_bit_for_bit(command):
    outcome = command(
        "conform", "optimizer=adam_articles", "optimizer.epsilon=1e-3", "against=adam_articles", "against.epsilon=1e-3", *BOWL
    )
    assert outcome.status == 0, outcome.err
    assert lines(outcome)[0] == "adam_articles against adam_articles: bowl, lr=0.001, 20 steps, seed 0, float64"
    assert lines(outcome)[1:] == [
        "a bit differs               never: all bits are equal",
        "gap above 1e-06             never: they agree",
        "gap after step 1:           0.0e+00",
        "gap after step 10:          0.0e+00",
        "gap after step 20:          0.0e+00",
    ]


def test_a_default_that_differs_explains_the_difference(command):
    outcome = command("conform", "optimizer=rmsprop", "against=rmsprop_articles", "tolerance=1e-12", *BOWL)
    assert outcome.status == 1, outcome.err
    assert "gap above 1e-12             from step 1" in lines(outcome)
    assert lines(outcome)[-2:] == [
        "with against.epsilon=1e-08 instead of 1e-07: gap 0.0e+00",
        "explained: with this, they agree",
    ]


def test_the_place_of_epsilon_explains_the_difference(command):
    outcome = command("conform", "optimizer=adam", "against=adam_articles", "against.epsilon=1e-8", "tolerance=1e-12", *BOWL)
    assert outcome.status == 1, outcome.err
    assert lines(outcome)[-1] == "explained: with this, they agree; the two add ε at different places"


def test_rules_that_differ_are_explained_by_no_key(command):
    outcome = command("conform", "optimizer=sgd", "against=adam", *BOWL)
    assert outcome.status == 1, outcome.err
    assert lines(outcome)[-1].startswith("no key explains")


def test_the_tolerance_decides(command):
    arguments = ("conform", "optimizer=rmsprop", "against=rmsprop_articles", *BOWL)
    assert command(*arguments, "tolerance=1").status == 0
    assert command(*arguments, "tolerance=0").status == 1


def test_both_have_the_learning_rate_of_the_first(command):
    outcome = command("conform", "optimizer=momentum", "optimizer.momentum=0", "against=sgd", "lr=0.1", *BOWL)
    assert outcome.status == 0, outcome.err
    assert ", lr=0.1, " in lines(outcome)[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["optimizer=adam"], "conform: name two optimizers, for example optimizer=adam against=torch_adam"),
        (["against=adam"], "conform: name two optimizers"),
        (["optimizer=adam", "against=adm"], "against=adm: there is no such optimizer; did you mean adam?"),
        (["optimizer=adam", "against=sgd", "tolerance=much"], "tolerance=much: give the largest gap that counts as agreement"),
        (["optimizer=adam", "against=sgd", "tolerance=-1"], "tolerance=-1: give the largest gap"),
        (["optimizer=adam", "against=sgd", "-m"], "conform compares one run"),
        (["optimizer=adam,sgd", "against=sgd"], "several values make a sweep"),
        (["optimizer=adam", "against=sgd", "againstx=adam"], "againstx: there is no such key"),
        (["optimizer=adam", "against=sgd", "against"], "against: there is no such command; write key=value"),
        (["optimizer=adam", "against=sgd", "optimizerx=adam"], "optimizerx: there is no such key"),
        (["optimizer=adam", "against=adam", "against.beta1=2"], "against.beta1=2.0: beta1 must be in [0, 1)"),
    ],
)
def test_wrong_input_is_explained(command, arguments, words):
    outcome = command("conform", *arguments, *BOWL)
    assert outcome.status == 2
    assert words in outcome.err
    assert outcome.err.count("\n") <= 2


def test_help(command):
    outcome = command("conform", "--help")
    assert outcome.status == 0
    assert "against.KEY=VALUE" in outcome.out


NETWORK = ("dataset=digits", "problem.hidden=[8]", "probe.images=50", "steps=40")


@pytest.mark.extras
@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["optimizer=adam", "against=torch_adam"], 0, "never: they agree"),
        (["optimizer=adam", "against=torch_adamw"], 1, "with against.weight_decay=0 instead of 0.01"),
        (["optimizer=momentum", "against=torch_sgd"], 1, "with against.momentum=0.9 instead of 0"),
        (["optimizer=adagrad", "against=optax_adagrad"], 1, "with against.initial_accumulator_value=0 instead of 0.1"),
        (["optimizer=adagrad", "against=optax_adagrad"], 1, "the two add ε at different places"),
        (["optimizer=rmsprop", "against=optax_rmsprop"], 1, "with against.eps_in_sqrt=false instead of true"),
        (["optimizer=adam", "against=optax_adam", "dtype=float32"], 1, "rounding makes the difference, not the rule"),
        (
            ["optimizer=momentum", "against=torch_sgd", "against.momentum=0.9", "schedule=cosine"],
            1,
            "the learning rate enters the state of one of the two",
        ),
    ],
)
def test_defaults_of_other_libraries_are_found(command, digits, arguments, status, words):
    name = next(one for one in arguments if one.startswith("against=")).partition("=")[2].partition("_")[0]
    pytest.importorskip(name, reason=f"{name} is not installed: pip install 'zdl_bench[{name}]'")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome = command("conform", *arguments, *NETWORK)
    assert outcome.status == status, outcome.err
    assert words in outcome.out
    assert status == 0 or "explained: with th" in outcome.out


PAGE = (Path(__file__).parents[2] / "docs/libraries.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```console\n\$ python -m zdl_bench conform (.*)\n((?:.*\n)*?)```", PAGE)


def masked(text):
    """Without versions and the digits of gaps, which later versions of the libraries may change."""
    return re.sub(r"\(.*?\)|\d\.\de[-+]\d+|\d+e-\d+$", "…", text)


@pytest.mark.extras
@pytest.mark.slow
@pytest.mark.parametrize(("typed", "printed"), SHOWN)
def test_the_page_shows_what_is_printed(command, mnist, typed, printed):
    for name in ("torch", "optax"):
        pytest.importorskip(name, reason=f"{name} is not installed: pip install 'zdl_bench[{name}]'")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome = command("conform", *typed.split())
    assert masked(outcome.out) == masked(printed)


def test_the_page_shows_examples():
    assert len(SHOWN) >= 3
