"""The axes of a sweep: which keys vary for some optimizer, what changes with them, and where each condition stands."""

from dataclasses import replace

import pytest
from conftest import digits_config, part, quadratic_config

from zdl_bench.run import axes
from zdl_bench.run.axes import axes_of, number_of
from zdl_bench.run.conditions import identity_of


def network(optimizer="sgd", hidden=(8,), batch_size=20, **changes):
    return digits_config(optimizer, problem=part("problem", "mlp", hidden=hidden, batch_size=batch_size), **changes)


def places(axis):
    return {(cell.panel, cell.optimizer, cell.place) for cell in axis.cells if not cell.is_constant}


def test_optimizer_learning_rate_and_seed_are_no_axes():
    assert (
        axes_of([digits_config(name, lr, seed=seed) for name in ("sgd", "adam") for lr in (0.1, 0.2) for seed in (0, 1)]) == []
    )


def test_numbers_ascend_and_other_values_keep_the_order_of_the_plan():
    [axis] = axes_of([network(steps=steps) for steps in (100, 20, 60)])
    assert (axis.key, axis.values, axis.numbers) == ("steps", (20, 60, 100), [20.0, 60.0, 100.0])
    [axis] = axes_of([network(schedule=part("schedule", name)) for name in ("step_decay", "constant", "cosine")])
    assert axis.values == ("step_decay", "constant", "cosine")
    assert axis.numbers is None


def test_a_list_of_one_number_is_a_number():
    assert axes_of([network(hidden=hidden) for hidden in ((50,), (8,))])[0].numbers == [8.0, 50.0]
    assert axes_of([network(hidden=hidden) for hidden in ((50,), (8, 8))])[0].numbers is None
    assert number_of(True) is number_of("3") is number_of(None) is None


def test_keys_that_change_together_are_one_axis():
    [axis] = axes_of([network(batch_size=size, steps=steps) for size, steps in ((10, 200), (20, 100), (40, 50))])
    assert axis.name == "problem.batch_size with steps"
    assert axis.texts == ("10\n200", "20\n100", "40\n50")


def test_of_two_keys_each_is_an_axis_with_the_other_in_panels():
    hidden, steps = axes_of([network(hidden=hidden, steps=steps) for hidden in ((8,), (16,)) for steps in (20, 40)])
    assert (hidden.key, steps.key) == ("problem.hidden", "steps")
    assert hidden.panels == ["steps=20", "steps=40"]
    assert places(steps) == {(f"problem.hidden={size}", "sgd", place) for size in (8, 16) for place in (0, 1)}


def test_an_optimizer_without_the_key_stands_at_every_value():
    adams = [network(part("optimizer", "adam", beta2=beta2)) for beta2 in (0.9, 0.99)]
    [axis] = axes_of([network(), *adams])
    assert axis.key == "optimizer.beta2"
    assert places(axis) == {("", "adam", 0), ("", "adam", 1)}
    assert {(cell.optimizer, cell.place) for cell in axis.cells if cell.is_constant} == {("sgd", 0), ("sgd", 1)}


def test_an_optimizer_without_another_key_is_in_each_of_its_panels():
    adams = [network(part("optimizer", "adam", beta2=beta2), steps=steps) for beta2 in (0.9, 0.99) for steps in (20, 40)]
    axis = next(axis for axis in axes_of([*adams, *(network(steps=steps) for steps in (20, 40))]) if axis.key == "steps")
    assert {panel for panel, optimizer, _ in places(axis) if optimizer == "sgd"} == {*axis.panels} != {""}


def test_a_key_that_varies_only_between_optimizers_is_no_axis():
    """What differs may then be the optimizer as well as the key."""
    assert axes_of([network("sgd", steps=20), network("adam", steps=40)]) == []


@pytest.mark.parametrize("key", ["condition_number", "gradient_noise"])
def test_surfaces_have_axes_of_their_own_keys(key):
    [axis] = axes_of([quadratic_config(problem={key: value}) for value in (1.0, 10.0)])
    assert axis.key == f"problem.{key}"


def test_different_surfaces_are_not_on_an_axis_but_in_panels():
    surfaces = [part("problem", name) for name in ("bowl", "beale")]
    configs = [quadratic_config(steps=steps) for steps in (10, 20)]
    every = [type(one)(**(vars(one) | {"problem": problem})) for one in configs for problem in surfaces]
    [axis] = axes_of(every)
    assert (axis.key, axis.panels) == ("steps", ["problem=bowl", "problem=beale"])


class CountedText(str):
    """A text that counts how often texts are compared."""

    __slots__ = ()
    __hash__ = str.__hash__
    comparisons = 0

    def __eq__(self, other):
        CountedText.comparisons += 1
        return str.__eq__(self, other)


def test_panels_are_not_compared_with_each_other(monkeypatch):
    """A sweep may have thousands of conditions: their panels are looked up."""

    def comparisons(count: int) -> int:
        betas = [1 - 1 / number for number in range(2, 2 + count)]
        rules = [network(), *(network(part("optimizer", "adam", beta2=beta2)) for beta2 in betas)]
        configs = [replace(rule, steps=steps) for rule in rules for steps in (20, 40)]
        CountedText.comparisons = 0
        axis = next(axis for axis in axes_of(configs) if axis.key == "steps")
        assert len(axis.panels) == count
        assert len(places(axis)) == 2 * 2 * count
        return CountedText.comparisons

    monkeypatch.setattr(axes, "identity_of", lambda flat, key: CountedText(identity_of(flat, key)))
    assert comparisons(40) < 3 * comparisons(20)
