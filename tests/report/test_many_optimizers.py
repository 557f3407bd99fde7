"""Reports of many optimizers: what is shown is chosen by rank, families share a hue, and neither figures nor the page grow."""

import colorsys
import re
import time
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from conftest import quadratic_config
from matplotlib.text import Text
from own_stores import NOISY, sweep_of

from zdl_bench import cli
from zdl_bench.errors import ConfigError
from zdl_bench.registry import conf_files
from zdl_bench.report.axis_runs import axis_runs
from zdl_bench.report.build import build_report
from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.figures.catalogue import comparison_figures, standing_figures
from zdl_bench.report.figures.families import family_looks, family_of
from zdl_bench.report.figures.style import house_style, line_looks, look_of
from zdl_bench.report.limits import FIRST_TEN, MAX_TOGETHER
from zdl_bench.report.ranking import Entry, favourites_of, ranking_of, shown_variants
from zdl_bench.report.standings import Standings
from zdl_bench.report.tables.comparisons import comparison_table
from zdl_bench.report.tables.ranks import rank_table
from zdl_bench.run.presentation import Presentation
from zdl_bench.statistics.verdict import Verdict
from zdl_bench.store.store import Store
from zdl_bench.training.loop import train

MAX_PIXELS = np.array([1200, 1600])
MAX_PAGE_BYTES = 5_000_000
MAX_RATIO = 2.3
"""Largest time of a report of 35 optimizers, in multiples of that of ten. Measured: 1.7 to 2.1. The aim of 1.5 is not reached:
some of the 35 ask for two gradients per step, which gives four more figures, and each line and row takes its time."""
CONTROL = "SGD"
TUNING, SEEDS = (100, 101), range(6)


def named(count: int) -> list[str]:
    """Return so many of the shipped optimizers, the control first."""
    others = [name for name in conf_files.native_names("optimizer") if name != "sgd"]
    return ["sgd", *others][:count]


def runs_of(names, tuned=True):
    """A run per optimizer, learning rate and seed, of which the tuning seeds choose between two learning rates."""
    runs = []
    for name in names:
        default = conf_files.load_yaml("optimizer", name)["default_lr"]
        rates = [None] if default is None else [default, 3 * default]
        seeds = [(lr, seed) for lr in rates for seed in (*TUNING, *SEEDS)] if tuned else [(rates[0], seed) for seed in SEEDS]
        runs += [train(quadratic_config(name, lr, NOISY, seed=seed, steps=60)) for lr, seed in seeds]
    return runs


@pytest.fixture(scope="module")
def comparison():
    [found] = comparisons_of(runs_of(named(35)), TUNING)
    return found


def ranked(means: dict[str, float], **others: dict[str, float]) -> Entry:
    """An entry with one run per variant, whose mean ln loss is given."""
    measures = {"log_aulc": means, **others}
    rows = [{"variant": name} | {measure: values[name] for measure, values in measures.items()} for name in means]
    return Entry(list(means), pd.DataFrame(rows))


MANY = {f"o{number:02}": float(-number) for number in range(20)}
"""The last of the plan is the best."""


def test_of_few_all_are_shown_in_the_order_of_the_plan():
    few = dict(list(MANY.items())[:MAX_TOGETHER])
    assert shown_variants([ranked(few)], MAX_TOGETHER) == list(few)


def test_of_many_the_control_the_leaders_and_the_first_are_shown_by_rank():
    tail = {name: (-99.0 if name == "o03" else 0.0) for name in MANY}
    entry = ranked(MANY, tail_loss=tail, test_accuracy=dict.fromkeys(MANY, 0.5) | {"o05": 0.9})
    assert favourites_of([entry]) == ["o00", "o19", "o03", "o05"]
    assert shown_variants([entry], 6) == ["o19", "o18", "o17", "o05", "o03", "o00"]


def test_who_has_a_run_without_a_value_comes_last():
    assert ranking_of([ranked({"a": 1.0, "b": np.nan, "c": 0.0})]) == ["c", "a", "b"]
    assert ranking_of([ranked({"a": 1.0, "b": 2.0}), ranked({"a": 3.0, "b": 1.0}), ranked({"a": 3.0, "b": 1.0})]) == ["b", "a"]


def test_as_many_are_shown_as_a_person_asks_for():
    with house_style(Presentation(optimizers=15)):
        assert len(shown_variants([ranked(MANY)], 6)) == 15
    assert len(shown_variants([ranked(MANY)], 6)) == 6


@pytest.mark.parametrize("wrong", [1, 201, 2.5, "many"])
def test_another_number_of_optimizers_is_an_error(wrong):
    with pytest.raises(ConfigError, match=r"figure\.optimizers=.*give how many"):
        Presentation(optimizers=wrong)


def hue(color: str) -> float:
    return colorsys.rgb_to_hls(*mpl.colors.to_rgb(color))[0]


def frame_of(names) -> pd.DataFrame:
    return pd.DataFrame({"variant": names, "optimizer": names})


def test_members_of_a_family_share_a_hue_and_families_differ():
    names = named(100)
    looks, families = line_looks(frame_of(names)), {}
    for name in filter(family_of, names):
        families.setdefault(family_of(name), []).append(looks[name])
    assert len(families) >= 6
    hues = {family: [hue(look["color"]) for look in members] for family, members in families.items()}
    for members in hues.values():
        assert np.ptp(members) < 0.02
    means = sorted(np.mean(members) for members in hues.values())
    assert min(np.diff(means)) > 0.03
    for members in families.values():
        assert len({(look["color"], str(look["linestyle"])) for look in members}) == len(members)
        assert len({(look["color"], look["marker"]) for look in members}) == len(members)


def test_an_explicit_style_wins_over_the_family():
    names = named(100)
    styled = [name for name in names if conf_files.load_yaml("optimizer", name).get("style")]
    assert {"sgd", "momentum", "adagrad", "rmsprop", "adam"} <= set(styled)
    assert not set(styled) & set(family_looks(names))
    assert line_looks(frame_of(names))["adam"]["color"] == look_of("adam").color


def test_few_optimizers_look_as_without_families():
    names = named(100)[-MAX_TOGETHER:]
    looks = line_looks(frame_of(names))
    assert any(looks[name]["color"] != look.color for name, look in family_looks(names).items())
    assert looks[names[0]]["color"] == look_of(names[0]).color


def test_colors_of_families_have_contrast_on_white_and_on_black():
    for color, _ in family_looks(named(100)).values():
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in mpl.colors.to_rgb(color)]
        luminance = np.dot(linear, (0.2126, 0.7152, 0.0722))
        assert 1.05 / (luminance + 0.05) > 1.9
        assert (luminance + 0.05) / 0.05 > 1.3


def figures_of(comparison):
    with house_style():
        yield from comparison_figures(comparison)
        yield from standing_figures(Standings(comparison))


def words_in(figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


@pytest.mark.slow
def test_figures_of_35_have_the_leader_and_the_control_and_fit_on_a_page(comparison):
    standings = Standings(comparison)
    leaders = {standing.leader.variant for question, standing in standings.at_best if question.noun != "steps to the targets"}
    drawn = {one.name: one for one in figures_of(comparison)}
    assert {"loss_at_best_lr", "lr_sensitivity", "paired_differences", "improvement", "heat_map", "oscillation"} <= set(drawn)
    for name, one in drawn.items():
        one.figure.canvas.draw()  # a layout that fails is a warning, and an error here
        assert (one.figure.get_size_inches() * one.figure.dpi <= MAX_PIXELS).all(), name
        if name.endswith("effective_lr") or name in (
            "loss_curves",
            "loss_over_evaluations",
            "loss_over_seconds",
        ):  # shows who shares an effective learning rate
            continue
        words = words_in(one.figure)
        with_lr = not one.name.startswith(("lr_", "best_", "speed_"))  # a rule without a learning rate is not in those
        rates = {str(name) for name in comparison.runs.dropna(subset="lr")["variant"]}
        for variant in {CONTROL, *leaders} if with_lr else {CONTROL, *leaders} & rates:
            assert variant in words, (name, variant)
        if name != "heat_map":  # which has room for all
            assert re.search(r"\d+ of [23]\d optimizers: the control, those that lead", " ".join(words.split())), name


@pytest.mark.slow
def test_small_multiples_have_the_others_in_grey(comparison):
    [one] = [one for one in figures_of(comparison) if one.name == "loss_at_best_lr"]
    panels = [axes for axes in one.figure.axes if axes.get_visible()]
    assert len(panels) == 12
    for axes in panels:
        assert max(len(collection.get_paths()) for collection in axes.collections) == 34
        assert sum(not str(line.get_label()).startswith("_child") for line in axes.get_lines()) == 1
    assert len({axes.get_ylim() for axes in panels}) == 1


@pytest.mark.slow
def test_the_table_of_standings_shades_who_cannot_be_told_from_the_best(comparison):
    standings = Standings(comparison)
    table = rank_table(standings)
    assert table.numbers["optimizer"].tolist() == ranking_of([Entry.of(comparison)])
    assert len(table.numbers) == 35
    for _, standing in standings.at_best:
        for metric in [one.metric for one in standing.measures if f"{one.metric}_not_told_from_best" in table.numbers]:
            first = standing.by_measure.get(metric, standing.leader)
            pairs = [one for one in standing.verdicts if one.metric == metric and first.variant in (one.first, one.second)]
            behind = {*table.numbers["optimizer"]} - {first.variant}
            if first.verdict is not Verdict.SUPPORTED:
                behind = {one.second for one in pairs if one.verdict is Verdict.SUPPORTED and one.first == first.variant}
                behind |= {one.first for one in pairs if one.verdict is Verdict.REFUTED and one.second == first.variant}
            tied = table.numbers[f"{metric}_not_told_from_best"]
            assert {*table.numbers["optimizer"][~tied]} == behind, metric
    speed = dict(zip(table.numbers["optimizer"], table.numbers["log_aulc_not_told_from_best"], strict=True))
    place = [column.key for column in table.columns].index("log_aulc")
    assert {table.numbers["optimizer"][row] for row, column in table.shaded if column == place} == {
        n for n in speed if speed[n]
    }
    marked = table.reading.iloc[:, place].str.endswith("≈")
    assert marked.tolist() == list(speed.values())


@pytest.mark.slow
def test_readers_see_the_pairs_of_ten_and_the_csv_has_all(comparison):
    standings = Standings(comparison)
    table = comparison_table(standings)
    assert len(standings.compared) == FIRST_TEN
    seen = table.summary
    assert set(seen["second"]) | set(seen["first"]) == set(standings.variants)  # each against the control
    others = seen[seen["second"] != CONTROL]
    assert set(others["first"]) | set(others["second"]) <= set(standings.compared)
    at_best = table.numbers[table.numbers["view"] == standings.view]
    assert len(at_best) == 35 * 34 / 2 * at_best["metric"].nunique()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Sweeps of ten and of 35 optimizers."""
    store = Store(tmp_path_factory.mktemp("many"))
    for count in (10, 35):
        sweep_of(store, f"of{count}", runs_of(named(count), tuned=False))
    return store


def seconds_of(store, name: str) -> float:
    started = time.process_time()
    build_report(store, store.read_manifest(name), ("png",))
    return time.process_time() - started


@pytest.mark.slow
def test_a_page_of_35_is_small_and_ready_soon(store):
    """In seconds of this process, interleaved, since other programs take the rest."""
    seconds_of(store, "of10")  # imports
    measured = [(seconds_of(store, "of10"), seconds_of(store, "of35")) for _ in range(2)]
    ten, many = np.min(measured, axis=0)
    assert many <= MAX_RATIO * ten, measured
    page = store.sweep_folder("of35") / "report.html"
    assert page.stat().st_size < MAX_PAGE_BYTES
    html = page.read_text()
    assert "Standings" in html
    assert re.search(r'<td class="[^"]*shaded', html)
    assert "figure.optimizers=35 draws all" in html or len(re.findall("<img", html)) > 3  # titles are in the images


@pytest.mark.slow
def test_the_command_of_the_guide_draws_more(store, capsys):
    guide = (Path(__file__).parents[2] / "docs/print.md").read_text(encoding="utf-8")
    [word] = re.findall(r"^python -m zdl_bench report paper (figure\.optimizers=\d+)$", guide, re.MULTILINE)
    folder = store.sweep_folder("of35") / "figures"
    sizes = []
    for asked in ("figure.optimizers=2", word):
        cli.main(["report", "of35", asked, "--results", str(store.root)])
        sizes.append((folder / "improvement.png").stat().st_size)
    assert sizes[1] > 5 * sizes[0]


@pytest.mark.slow
@pytest.mark.parametrize("tuned", [True, False])
def test_axes_compare_the_fastest_of_the_tuning_seeds_or_the_first_of_the_plan(tuned):
    """The judged runs may not choose what is tested on them."""
    names = named(12)
    runs = [
        train(quadratic_config(name, 0.01, {"gradient_noise": 0.3, "condition_number": condition}, seed=seed, steps=30))
        for condition in (1.0, 30.0)
        for name in names
        for seed in (*TUNING, *SEEDS)
    ]
    [axis] = axis_runs(comparisons_of(runs, TUNING if tuned else ()))
    compared = {name for test in axis.compared for name in test.optimizers}
    means = pd.concat([one.trials for one in axis.comparisons]).groupby("variant")["log_aulc"].mean().sort_values()
    assert len(compared) == 8
    assert CONTROL in compared
    assert (means.index[0] in compared) or not tuned
    assert axis.compared_note.startswith("8 of 12 optimizers are compared: ")
    assert ("tuning_seeds" in axis.compared_note) is not tuned
