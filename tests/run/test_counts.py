"""Counts with their noun: one function writes them all."""

import re

import pytest
from house import PACKAGE

from zdl_bench.run.counts import count_of


@pytest.mark.parametrize(("count", "text"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs"), (1980, "1980 runs")])
def test_a_count_has_its_noun(count, text):
    assert count_of(count, "run") == text


def test_no_module_makes_plurals_by_a_letter():
    plural = re.compile(r"""['"]s['"] if |else ['"]s['"]""")
    assert [path.name for path in PACKAGE.rglob("*.py") if plural.search(path.read_text(encoding="utf-8"))] == []
