"""The identity of a class that is given as an object: its code, and all that its code uses."""

import importlib
import linecache
import os
import subprocess
import sys

import pytest
from notebook_cells import CELL, defined_in_a_cell, run_cells

from zdl_bench.errors import ConfigError
from zdl_bench.registry.object_code import code_of_class


def source_of(implementation: type) -> str | None:
    return code_of_class(implementation).source


@pytest.mark.parametrize(
    ("old", "new", "is_same"),
    [
        ("SCALE = 1.0", "SCALE = 2.0", False),
        ("np.sign(g)", "np.tanh(g)", False),
        ("w - rate *", "w + rate *", False),
        ("default_lr = 0.01", "default_lr = 0.01  # small", True),
        ("UNUSED = object()", "UNUSED = 3", True),
        ("    factor: float", '    """Words."""\n    factor: float', True),
    ],
)
def test_the_identity_of_a_class_is_its_code_and_what_it_reads(old, new, is_same):
    changed = CELL.replace(old, new)
    assert changed != CELL
    assert (source_of(defined_in_a_cell()) == source_of(defined_in_a_cell(changed))) is is_same


MAKER = """
def make(scale):
    def along(g):
        return scale * np.sign(g)
    return along

def make_class(scale):
    @dataclass(frozen=True)
    class SignSGD(Elementwise):
        @staticmethod
        def rule(w, g, *, lr):
            return w - lr * scale * g
    return SignSGD
"""
DECORATOR = """
import functools
def scaled(scale):
    def around(function):
        @functools.wraps(function)
        def wrapper(g):
            return scale * function(g)
        return wrapper
    return around
"""
HERE = "def direction(g):\n    return np.sign(g)\n"


def read_by_rule(definition: str) -> str:
    """Return a cell whose rule reads SCALE and `direction`, which the definition makes."""
    return CELL.replace("SCALE = 1.0", "").replace(HERE, definition)


VALUES = [
    "from types import SimpleNamespace\nSCALE = SimpleNamespace(x={})",
    "from fractions import Fraction\nSCALE = Fraction({})",
    "from functools import partial\nSCALE = partial(int, {})",
    "from collections import OrderedDict, namedtuple, defaultdict\nSCALE = OrderedDict(a={})",
    "from collections import namedtuple\nSCALE = namedtuple('Scale', 'x')({})",
    "import datetime\nSCALE = datetime.timedelta({})",
    "import enum\nclass Size(enum.Enum):\n    one = 1\n    two = 2\nSCALE = Size({})",
    "@dataclass\nclass Size:\n    x: int\nSCALE = Size({})",
    "class Size:\n    x: int\nSCALE = Size()\nSCALE.x = {}",
    "SCALE = np.random.default_rng({})",
    "SCALE = np.array([{}, 2.0])",
    "SCALE = {{'a': [{}, {{1, 2}}]}}",
    "import re\nSCALE = re.compile('{}')",
    "from zdl_bench.optimizers.momentum import Momentum\nSCALE = Momentum(momentum=0.{})",
    "SCALE, OTHER = {}, 3 - {}",
]


@pytest.mark.parametrize("value", VALUES)
def test_an_object_counts_with_its_content(value):
    """Also an object of a class that can be imported, whose module says nothing about this object."""
    changed = [read_by_rule(value.format(number, number) + "\n" + HERE) for number in (1, 2)]
    if "OTHER" in value:  # the same two values under each other's name
        changed = [text.replace("* SCALE", "* SCALE - OTHER") for text in changed]
    one, two = (source_of(defined_in_a_cell(text)) for text in changed)
    assert one != two
    assert one == source_of(defined_in_a_cell(changed[0]))


@pytest.mark.parametrize(
    ("definition", "old", "new"),
    [
        (f"{MAKER}SCALE, direction = 1, make(1.0)", "make(1.0)", "make(2.0)"),
        (f"{MAKER}SCALE, direction = 1, staticmethod(make(1.0))", "make(1.0)", "make(2.0)"),
        (f"SCALE = 1\n{DECORATOR}\n@scaled(1.0)\n{HERE}", "scaled(1.0)", "scaled(2.0)"),
        (f"SCALE = 1\n{DECORATOR}\none = scaled(1.0)\n@one\n{HERE}", "scaled(1.0)", "scaled(2.0)"),
        ("SCALE = 1\nnumber = 1.0\ndef direction(g, scale=number):\n    return g * scale\nnumber = 3", "= 1.0", "= 2.0"),
        ("SCALE = 1\nnumber = 1.0\ndef direction(g, *, scale=number):\n    return g * scale\nnumber = 3", "= 1.0", "= 2.0"),
        (
            "SCALE = 1\nimport functools\nnumber = 1.0\n@functools.cache\ndef direction(g):\n    return g * number",
            "= 1.0",
            "= 2.0",
        ),
        ("SCALE = 1\nimport numba\nnumber = 1.0\n@numba.njit\ndef direction(g):\n    return g * number", "= 1.0", "= 2.0"),
    ],
    ids=["closure", "static", "decorator", "alias", "default", "keyword", "cache", "numba"],
)
def test_a_function_counts_with_what_it_got_when_it_was_defined(definition, old, new):
    cells = [read_by_rule(f"{definition}\n"), read_by_rule(f"{definition.replace(old, new)}\n")]
    one, two = (source_of(defined_in_a_cell(cell)) for cell in cells)
    assert one != two
    assert one == source_of(defined_in_a_cell(cells[0]))


@pytest.mark.parametrize(
    ("later", "other"),
    [
        ("SignSGD = make_class(1.0)", "SignSGD = make_class(2.0)"),
        ("SignSGD.default_lr = 0.01", "SignSGD.default_lr = 0.02"),
        ("SignSGD.rule = staticmethod(make(1.0))", "SignSGD.rule = staticmethod(make(2.0))"),
        ("SignSGD.rule = staticmethod(lambda w, g, *, rate: w)", None),
        (
            "class Base(Elementwise):\n    at = 1.0\n@dataclass(frozen=True)\nclass SignSGD(Base):\n    pass",
            "class Base(Elementwise):\n    at = 2.0\n@dataclass(frozen=True)\nclass SignSGD(Base):\n    pass",
        ),
        (
            "@dataclass(frozen=True)\nclass SignSGD(SignSGD):\n    epsilon = 1.0",
            "@dataclass(frozen=True)\nclass SignSGD(SignSGD):\n    epsilon = 2.0",
        ),
    ],
    ids=["closure", "attribute", "method", "lambda", "base", "without methods"],
)
def test_a_class_counts_as_it_is(later, other):
    """Its methods, attributes and bases may have come otherwise than by its statement."""
    if other is None:
        with pytest.raises(ConfigError, match="rule: the code of this function cannot be found"):
            source_of(run_cells(CELL, MAKER, later)["SignSGD"])
        return
    one, two = (source_of(run_cells(CELL, MAKER, text)["SignSGD"]) for text in (later, other))
    assert one != two
    assert one == source_of(run_cells(CELL, MAKER, later)["SignSGD"])


ONE_METHOD = """
@dataclass(frozen=True)
class SignSGD(Elementwise):
    factor: float = 1.0
    @staticmethod
    @scaled(2.0)
    def rule(w, g, *, lr):
        return w - lr * np.sign(g)
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("np.sign(g)", "np.tanh(g)"),
        ("scaled(2.0)", "scaled(3.0)"),
        ("scale * function", "scale + function"),
        ("= 1.0", "= 2.0"),
    ],
)
def test_a_class_counts_with_a_decorated_method_as_its_only_one(old, new):
    cells = (CELL, DECORATOR.replace("(g)", "(w, g, *, lr)", 1).replace("(g)", "(w, g, lr=lr)"), ONE_METHOD)
    one, two = (source_of(run_cells(*texts)["SignSGD"]) for texts in (cells, [text.replace(old, new) for text in cells]))
    assert one != two
    assert one == source_of(run_cells(*cells)["SignSGD"])


def test_a_class_without_methods_of_its_own_is_known_by_its_bases():
    cells = "@dataclass(frozen=True)\nclass Gentle(SignSGD):\n    pass\n"
    one = source_of(run_cells(CELL, cells)["Gentle"])
    assert one
    assert one == source_of(run_cells(CELL, cells)["Gentle"])
    assert one != source_of(run_cells(CELL.replace("SCALE = 1.0", "SCALE = 2.0"), cells)["Gentle"])


def test_what_cannot_be_identified_is_refused_with_the_reason():
    unknown = CELL.replace("self.factor * SCALE", "UNUSED")
    with pytest.raises(ConfigError, match="SignSGD: its code reads UNUSED, a object whose content cannot be identified; make"):
        source_of(defined_in_a_cell(unknown))
    for value in ("(x for x in ())", "__import__('threading').Lock()", "[object()]"):
        with pytest.raises(ConfigError, match=r"SignSGD: its code reads UNUSED, a .* whose content cannot be identified"):
            source_of(defined_in_a_cell(unknown.replace("UNUSED = object()", f"UNUSED = {value}")))
    with pytest.raises(ConfigError, match="its code reads SignSGD, a ABCMeta whose content cannot be identified"):
        source_of(defined_in_a_cell(unknown.replace("UNUSED = object()", "UNUSED = []\nUNUSED.append(UNUSED)")))
    nameless = CELL.replace("def direction(g):\n    return np.sign(g)", "direction = lambda g: np.sign(g)")
    with pytest.raises(ConfigError, match="direction: the code of this function cannot be found"):
        source_of(defined_in_a_cell(nameless))
    lost = defined_in_a_cell()
    del linecache.cache[lost.rule.__code__.co_filename]
    with pytest.raises(ConfigError, match="SignSGD: the code of this class cannot be found"):
        source_of(lost)


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write modules of the user's own, and forget them afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # two edits within a second have the same time
    before = {*sys.modules}

    def write(name: str, text: str) -> None:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    yield write
    for name in {*sys.modules} - before:
        if name.partition(".")[0] in ("mine", "scales"):
            del sys.modules[name]


def test_a_module_that_was_loaded_again_has_its_new_code(write):
    write("scales.py", "SCALE = 1.0\n")
    write("mine.py", CELL.replace("SCALE = 1.0", "import scales").replace("* SCALE", "* scales.SCALE"))
    mine, notebook = importlib.import_module("mine"), "import mine\n" + CELL.replace("SCALE = 1.0", "from mine import scales")
    read_here = CELL.replace("SCALE = 1.0", "import scales").replace("* SCALE", "* scales.SCALE")
    before, here = source_of(mine.SignSGD), source_of(defined_in_a_cell(read_here))
    write("scales.py", "SCALE = 2.0\n")
    for changed in (mine.SignSGD, defined_in_a_cell(read_here)):
        with pytest.raises(ConfigError, match=r"scales\.py: this module was changed after it was loaded; load it again with"):
            source_of(changed)
    importlib.reload(sys.modules["scales"])
    after = source_of(mine.SignSGD)
    assert after != before
    assert source_of(defined_in_a_cell(read_here)) != here
    assert source_of(defined_in_a_cell(notebook))
    write("scales.py", "SCALE = 1.0  # as before\n")
    importlib.reload(sys.modules["scales"])
    assert source_of(mine.SignSGD) == before


def test_what_was_imported_before_its_module_was_loaded_again_is_refused(write):
    write("mine.py", CELL)
    mine = importlib.import_module("mine")
    old, cell = mine.SignSGD, CELL.replace(HERE, "from mine import direction\n")
    function_of_before = run_cells(cell)["SignSGD"]
    importlib.reload(mine)
    with pytest.raises(ConfigError, match="SignSGD: mine has something else under the name SignSGD, perhaps because"):
        source_of(old)
    with pytest.raises(ConfigError, match="direction: mine has something else under the name direction"):
        source_of(function_of_before)
    assert source_of(mine.SignSGD)


def test_what_a_module_makes_counts_with_its_closure(write):
    write("mine.py", f"import numpy as np\nfrom zdl_bench.optimizers.elementwise import Elementwise\n"
          f"from dataclasses import dataclass\n{MAKER}{DECORATOR}")  # fmt: skip
    for made in ("direction = mine.make({})", f"@mine.scaled({{}})\n{HERE}"):
        cells = [read_by_rule(f"import mine\nSCALE = 1\n{made.format(number)}\n") for number in (1, 2)]
        one, two = (source_of(defined_in_a_cell(cell)) for cell in cells)
        assert one != two
        assert one == source_of(defined_in_a_cell(cells[0]))
    mine = importlib.import_module("mine")
    assert source_of(mine.make_class(1.0)) != source_of(mine.make_class(2.0))
    assert source_of(mine.make_class(1.0)) == source_of(mine.make_class(1.0))


def test_a_module_below_a_package_counts(write):
    write("mine/__init__.py", "")
    cell = CELL.replace("SCALE = 1.0", "import mine.numbers").replace("* SCALE", "* mine.numbers.SCALE")
    found = []
    for number in (1.0, 2.0):
        write("mine/numbers.py", f"SCALE = {number}\n")
        sys.modules.pop("mine.numbers", None)
        found.append(source_of(defined_in_a_cell(cell)))
    assert len({*found}) == 2


SETS = """
import enum, os
UNUSED_PLACES = [bytearray(64) for _ in range(int(os.environ.get("SIZE", 1)))]
class Size(enum.Enum):
    one = 'a'
    two = 'b'
class Part:
    def __init__(self, *x):
        self.x = x
def twice(g):
    return 2 * g
def thrice(g):
    return 3 * g
SCALE = [{'a', 'b', 'c'}, Size.one, {Size.one, Size.two}, {twice, thrice, np.tanh}]
SCALE.append({Part(1), Part(2), Part(2), Part(3, {Part(4)})})

"""


@pytest.mark.slow
def test_every_process_finds_the_same_identity(tmp_path):
    """Sets and names come in another order in every process, and objects lie at other addresses."""
    cell = CELL.replace("SCALE = 1.0", SETS)
    (tmp_path / "script.py").write_text(
        f"{cell}\nfrom zdl_bench.registry.object_code import code_of_class\nprint(code_of_class(SignSGD).source)\n"
    )
    found = set()
    for seed in range(1, 7):
        environment = os.environ | {"PYTHONHASHSEED": str(seed), "SIZE": str(37 * seed)}
        arguments = [sys.executable, "script.py"]
        found.add(subprocess.run(arguments, cwd=tmp_path, env=environment, capture_output=True, check=True).stdout)
    assert len(found) == 1


def test_members_of_a_set_count_with_their_content():
    cells = [CELL.replace("SCALE = 1.0", SETS.replace("Part(4)", f"Part({number})")) for number in (4, 5)]
    one, two, three = (source_of(defined_in_a_cell(cell)) for cell in (*cells, cells[0]))
    assert one == three
    assert one != two


@pytest.mark.slow
def test_methods_of_later_cells_belong_to_the_code_in_any_order_of_a_set(monkeypatch):
    """The class is found in the cell of its first method; what was added to it makes another rule."""
    implementation = defined_in_a_cell()
    seen = {source_of(implementation)}
    for number in range(31, 39):
        later = defined_in_a_cell(CELL.replace("w - rate *", f"w - {number} * rate *"))
        monkeypatch.setattr(implementation, f"rule_{number}", later.rule, raising=False)
        seen.add(source_of(implementation))
        assert source_of(implementation) in seen
    assert len(seen) == 9
