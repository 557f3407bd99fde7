"""The pages of the site that are made of conf/ and of docstrings: how docstrings become lists, and how keys are written."""

import sys
from inspect import getdoc
from itertools import pairwise
from pathlib import Path
from pydoc import locate

import pytest

from zdl_bench.registry import conf_files

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))
import generated_pages

SHOWN = [
    (group, name)
    for group in generated_pages.GROUPS
    for name in conf_files.native_names(group)
    if "_target_" in conf_files.load_yaml(group, name)
]


def docstring_of(group, name):
    return getdoc(locate(conf_files.load_yaml(group, name)["_target_"]))


@pytest.mark.parametrize(("group", "name"), SHOWN)
def test_no_list_item_of_a_page_follows_an_unfinished_line(group, name):
    lines = "\n".join(generated_pages.docstring_as_markdown(docstring_of(group, name))).splitlines()
    followed = [line for line, after in pairwise(lines) if after.startswith("- ") and line and not line.endswith((".", ":"))]
    assert followed == []


def paragraphs(text):
    lines = text.splitlines()
    generated_pages.mark_up_docstring(None, "", "", None, None, lines)
    return [part.replace("\n", " ").strip() for part in "\n".join(lines).split("\n\n")]


ARGUMENTS = "Train.\n\nlr: the rate.\nbeta1, beta2: decay rates\n    of m and v.\nsteps: their number."
SENTENCE = "Train.\n\nThe rate is one of\nthese two: a, b."


def test_arguments_become_a_list_and_a_sentence_with_a_colon_does_not():
    items = ["- lr: the rate.", "- beta1, beta2: decay rates of m and v.", "- steps: their number."]
    assert "\n".join(generated_pages.docstring_as_markdown(ARGUMENTS)).splitlines()[4:] == items
    assert "\n".join(generated_pages.docstring_as_markdown(SENTENCE)).splitlines()[4:] == SENTENCE.splitlines()[2:]


def test_arguments_of_a_docstring_become_paragraphs_and_a_sentence_with_a_colon_stays_one():
    assert paragraphs(ARGUMENTS)[-3:] == ["lr: the rate.", "beta1, beta2: decay rates of m and v.", "steps: their number."]
    assert paragraphs(SENTENCE) == ["Train.", "The rate is one of these two: a, b."]


@pytest.mark.parametrize("group", generated_pages.GROUPS)
def test_a_page_says_how_its_keys_are_spelled(group):
    text = "\n".join(generated_pages._part_page(group, "Title"))
    assert f"`{'transform.NAME' if group == 'transform' else group}.KEY=VALUE`" in text


@pytest.mark.parametrize(("page", "up"), [("which_one", ""), ("optimizers/adam", "../")])
def test_a_link_to_an_included_file_leads_to_its_page_and_keeps_its_anchor(page, up):
    source = [f"[a]({up}../experiments/README.md#verdicts) [b]({up}../SECURITY.md) [c]({up}tuning.md#x)"]
    generated_pages.link_to_files_beside_the_docs(None, page, source)
    assert source == [f"[a]({up}experiments.md#verdicts) [b]({up}security.md) [c]({up}tuning.md#x)"]
