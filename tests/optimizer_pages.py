"""The pages of `docs/optimizers/`, one per native optimizer, made of its docstring, its YAML, and what was measured.

`python tests/optimizer_pages.py` measures the optimizers, draws their figures and writes the pages;
`python tests/optimizer_pages.py text` writes the pages alone. The study is read from `results/reference/study.parquet`, if it
is there.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from pydoc import locate
from typing import Any

from optimizer_runs import RATES, SURFACES, WORDS, best_path, draw, measured
from rule_docstring import RuleDocstring, docstring_of
from study_results import RANKINGS, judged_claims, study_in
from study_sections import place_lines, verdict_lines

from zdl_bench.registry import conf_files, registry
from zdl_bench.report.display_names import optimizer_label
from zdl_bench.run.conditions import short

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))
from generated_pages import escaped, text_of  # noqa: E402

PAGES = ROOT / "docs/optimizers"
FIGURES = ROOT / "docs/figures/optimizers"
MEASURED = PAGES / "measured.json"
REFERENCE = ROOT / "results/reference"
NAMES = conf_files.native_names("optimizer")
FAMILIES = (
    "classical",
    "adaptive",
    "modern",
    "layer-wise",
    "schedule-free",
    "parameter-free",
    "second gradient",
)


def pages(reference: Path = REFERENCE) -> dict[str, str]:
    """Return file name → text of all pages. reference: the folder of the committed numbers."""
    numbers = json.loads(MEASURED.read_text(encoding="utf-8"))
    study = study_in(reference)
    judged = [*judged_claims(reference)]
    ranks = {words: study.ranks(measure) for measure, words in RANKINGS.items()} if study else {}
    texts = {}
    for name in NAMES:
        place = place_lines(name, study, {words: by_name.get(name, {}) for words, by_name in ranks.items()})
        verdicts = verdict_lines(name, [one for one in judged if name in one.optimizers])
        texts[f"{name}.md"] = "\n".join([*_head(name, numbers[name]), *place, *verdicts, *_end(name, numbers[name])])
    return texts | {"index.md": "\n".join(_index(numbers))}


def keys_of(optimizer: str) -> dict[str, Any]:
    """Return the hyper-parameters in an optimizer's YAML, with their defaults."""
    content = conf_files.load_yaml("optimizer", optimizer)
    return {key: value for key, value in content.items() if key not in registry.KEYS_ABOUT_A_PART}


@cache
def docstring(optimizer: str) -> RuleDocstring:
    return docstring_of(locate(conf_files.load_yaml("optimizer", optimizer)["_target_"]), keys_of(optimizer).keys())


def year_of(optimizer: str) -> str:
    """Return the year of the first paper."""
    return re.findall(r"\b(?:19|20)\d\d\b", docstring(optimizer).source)[0]


def _head(name: str, numbers: Mapping[str, Any]) -> Iterator[str]:
    content, about = conf_files.load_yaml("optimizer", name), docstring(name)
    rate = content["default_lr"]
    yield f"# {optimizer_label(name)}\n"
    facts = ["no learning rate" if rate is None else f"default learning rate {rate:g}", f"family: {content['family']}"]
    yield f"`optimizer={name}` · {' · '.join([*facts, year_of(name)])} · [all optimizers](index.md)\n"
    yield f"## The rule\n\n```text\n{about.rule}\n```\n"
    yield from (f"{escaped(note)}\n" for note in [*about.notes, *_comment(name)])
    yield from _hyperparameters(name)
    yield from _paths(name, numbers)


def _end(name: str, numbers: Mapping[str, Any]) -> Iterator[str]:
    about = docstring(name)
    if about.disagreement:
        yield f"## Where libraries disagree\n\n{escaped(about.disagreement[0].upper() + about.disagreement[1:])}\n"
    evaluations = {1: "One evaluation", 2: "Two evaluations"}[numbers["evaluations"]]
    kept = f"{numbers['buffers']:g} numbers".replace("1 numbers", "1 number") if numbers["buffers"] else "nothing"
    yield f"## Cost of a step\n\n{evaluations} of the gradient. Memory: {kept} per parameter besides the parameter and its"
    yield "gradient, working space included.\n"
    yield f"## Source\n\n{linked(about.source)}\n"


def _comment(name: str) -> Iterator[str]:
    """Yield the comment at the head of an optimizer's YAML, unless it is the rule itself."""
    lines = conf_files.yaml_place("optimizer", name)[0].read_text(encoding="utf-8").splitlines()
    text = " ".join(line.removeprefix("# ") for line in lines if line.startswith("# "))
    if text and text not in docstring(name).rule:
        yield text if text.endswith(".") else f"{text}."


def _hyperparameters(name: str) -> Iterator[str]:
    keys, meanings = keys_of(name), docstring(name).meanings
    yield "## Hyper-parameters\n"
    if not keys:
        yield "None besides the learning rate.\n"
        return
    yield "| key | default | meaning |\n|---|---|---|"
    for key, value in keys.items():
        yield f"| `optimizer.{key}` | `{text_of(value)}` | {escaped(meanings[key])} |"
    yield ""


def _paths(name: str, numbers: Mapping[str, Any]) -> Iterator[str]:
    label = optimizer_label(name)
    yield f"## Its path\n\n![The path of {label} on the bowl and on Rosenbrock's function](../figures/optimizers/{name}.png)\n"
    ends = [
        f"after {steps:,} steps on {WORDS[surface]} the loss is {_loss(numbers[surface]['loss'])}" + _at(numbers[surface]["lr"])
        for surface, steps in SURFACES.items()
    ]
    yield f"The ring is the start, the star the minimum: {', and '.join(ends)}."
    if numbers["bowl"]["lr"] is not None:
        yield f"Of the learning rates {', '.join(map(short, RATES))}, each is the one with the lowest mean loss over the last"
        yield "tenth of the steps, unless the loss rises above twice that at the start."
    if numbers["answers_elsewhere"]:
        yield "The figure shows the point that the rule answers with, which is not the one at which it asks for the gradient."
    if numbers["needs_matrices"]:
        yield "This rule treats matrices in a way of its own. The two parameters here are a vector, so the figure shows what it"
        yield "does with biases."
    yield ""


def _loss(loss: float) -> str:
    return "below 1e-12" if loss < 1e-12 else f"{loss:.2g}"


def _at(rate: float | None) -> str:
    return "" if rate is None else f" (lr {short(rate)})"


def linked(source: str) -> str:
    return re.sub(r"arXiv:(\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", source)


def _index(numbers: Mapping[str, Any]) -> Iterator[str]:
    yield "# Optimizers\n"
    yield f"The {len(NAMES)} rules of this package. Each page has the rule, its hyper-parameters, its path on two surfaces,"
    yield "where libraries disagree, and what experiments say. What the families are, and which rule to try first:"
    yield "[Which one?](../which_one.md)\n"
    yield "A rule of your own: [Write an optimizer](../write_an_optimizer.md). Those of PyTorch and optax:"
    yield "[Optimizers of other libraries](../libraries.md).\n"
    yield "*Memory* is in numbers per parameter besides the parameter and its gradient, working space included, for the network"
    yield "of the articles; *gradients* is how often a step evaluates the gradient.\n"
    for family in FAMILIES:
        yield f"## {family.capitalize()}\n"
        yield "| optimizer | `optimizer=` | paper | memory | gradients | default lr |\n|---|---|---|---|---|---|"
        for name in NAMES:
            content = conf_files.load_yaml("optimizer", name)
            if content["family"] == family:
                rate = "none" if content["default_lr"] is None else f"{content['default_lr']:g}"
                cost = f"{numbers[name]['buffers']:g} | {numbers[name]['evaluations']}"
                yield f"| [{optimizer_label(name)}]({name}.md) | `{name}` | {authors_of(name)} | {cost} | {rate} |"
        yield ""
    yield "```{toctree}\n:hidden:\n:glob:\n*\n```\n"


def authors_of(optimizer: str) -> str:
    """Return the authors and the year of the first paper, or what stands in its place."""
    first = docstring(optimizer).source.partition(";")[0]
    dated = re.match(r".*?\b(?:19|20)\d\d\b", first)
    return dated[0] if dated else first


def measure_all() -> None:
    """Measure the optimizers, write the numbers, and draw the figures."""
    numbers = {}
    for name in NAMES:
        paths = {surface: best_path(name, surface) for surface in SURFACES}
        numbers[name] = measured(name, paths)
        draw(name, paths, FIGURES / f"{name}.png")
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(one)}" for name, one in numbers.items())
    MEASURED.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["text"]:
        measure_all()
    for file, text in pages().items():
        (PAGES / file).write_text(text, encoding="utf-8")
