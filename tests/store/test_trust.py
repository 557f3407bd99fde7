"""What a store from somebody else can make us do: nothing but be read.

Each test is an attempt. What runs leaves a canary; what is written elsewhere is found; what is no text is found in the page.
"""

import ast
import json
import pickle
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import digits_config, quadratic_config, run_process
from markdown_it import MarkdownIt
from own_images import copy_conf

from zdl_bench.datasets import cache
from zdl_bench.datasets.cache import ensure_decoded, load_decoded
from zdl_bench.datasets.dataset import Arrays
from zdl_bench.errors import ConfigError, ZdlBenchError
from zdl_bench.registry import conf_files
from zdl_bench.report.freshness import VERDICTS_FILE
from zdl_bench.report.page import PagePart
from zdl_bench.report.tables.formats import csv, latex, markdown
from zdl_bench.report.words.findings import findings_markdown
from zdl_bench.report.words.reported_finding import ReportedFinding
from zdl_bench.run.config import Choice
from zdl_bench.run.run import Failure, Run, Status
from zdl_bench.store.encoding import CHECKSUM, _checksum, encode
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.run_file import file_of, read_file, table_in
from zdl_bench.store.store import Store
from zdl_bench.training.loop import train

WHEN = "2026-01-01T00:00:00+00:00"
MARKUP = """</script><script>alert(1)</script><img src=x onerror=alert(1)>" onload="alert(2)' x='{{7*7}} &lt;b&gt;"""
HARMLESS = "".join(letter if letter.isalnum() else "_" for letter in MARKUP)


class Canary:
    """What a pickle of it does when it is loaded: it leaves a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_the_canary_sings(tmp_path):
    pickle.loads(pickle.dumps(Canary(tmp_path / "canary"))).close()
    assert (tmp_path / "canary").exists()


def shared_store(root: Path, runs: list[Run], **about) -> Store:
    store = Store(root / "results")
    for run in runs:
        store.write(run)
    fields = {"name": "shared", "title": "", "command": "", "overrides": [], "started": WHEN}
    store.write_manifest(Manifest(**(fields | about), run_ids=[run.run_id for run in runs]))
    return store


def with_metadata(store: Store, run: Run, **changed) -> None:
    """Rewrites a stored run with other metadata, and the checksum that goes with them."""
    path = store.run_path(run.run_id)
    table = table_in(read_file(path))
    metadata = {key: text for key, text in table.schema.metadata.items() if key != CHECKSUM}
    metadata |= {
        key.encode(): value if isinstance(value, bytes) else json.dumps(value).encode() for key, value in changed.items()
    }
    path.write_bytes(file_of(table.replace_schema_metadata(metadata | {CHECKSUM: _checksum(table, metadata)})))


def files_outside(root: Path, store: Store) -> set[str]:
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file() and not p.is_relative_to(store.root)}


# Names and values that would be code elsewhere.


@pytest.mark.parametrize(
    "name", ["os.system", "__import__", "../../evil", "/etc/passwd", "_target_", "builtins.eval", "sgd\n", ""]
)
@pytest.mark.parametrize("group", ["optimizer", "problem", "schedule", "dataset"])
def test_names_lead_to_conf_alone(group, name, tmp_path):
    (tmp_path / "evil.yaml").write_text("_target_: os.system")
    with pytest.raises(ConfigError, match="there is no such"):
        conf_files.load_yaml(group, name)


@pytest.mark.parametrize(
    "values",
    [
        {"_target_": "os.mkdir"},
        {"_target_": "os.mkdir", "path": "canary"},
        {"_partial_": True, "_args_": ["canary"]},
        {"momentum": "${oc.env:HOME}"},
        {"__class__": "os.mkdir"},
    ],
    ids=["target", "target with arguments", "partial", "interpolation", "dunder"],
)
def test_values_of_a_stored_run_are_data(values, command, tmp_path):
    run = train(quadratic_config("momentum", steps=2))
    config = replace(run.config, optimizer=Choice("momentum", values))
    shared_store(tmp_path, [replace(run, config=config)])
    assert command("verify").status == 2
    assert command("ls").status == 0
    assert not (tmp_path / "canary").exists()


def test_a_mapping_is_no_value_of_a_stored_run(command, tmp_path):
    run = train(quadratic_config("momentum", steps=2))
    values = {"momentum": {"_target_": "os.mkdir", "_args_": ["canary"]}}
    shared_store(tmp_path, [replace(run, config=replace(run.config, optimizer=Choice("momentum", values)))])
    assert command("report").status == 2
    assert not (tmp_path / "canary").exists()


def test_a_target_is_no_key_of_the_command_line_either(command, tmp_path):
    for argument in (
        "+optimizer._target_=os.mkdir",
        "optimizer={_target_: os.mkdir, path: canary}",
        "+problem._target_=os.mkdir",
    ):
        assert command("dataset=digits", argument).status == 2
    assert not list(tmp_path.iterdir())


# Pickles, wherever there is a place for one.


def test_a_pickled_extension_type_in_a_stored_run_stays_bytes(command, tmp_path):
    """Arrow once unpickled the type of a column that called itself a Python extension."""
    run = train(quadratic_config(steps=2))
    store = shared_store(tmp_path, [run])
    payload = pickle.dumps(Canary(tmp_path / "canary"))
    about = {b"ARROW:extension:name": b"arrow.py_extension_type", b"ARROW:extension:metadata": payload}
    table = encode(run)
    fields = [field.with_metadata(about) if field.name == "lr" else field for field in table.schema]
    pq.write_table(table.cast(pa.schema(fields, metadata=table.schema.metadata)), store.run_path(run.run_id))
    assert store.read_metadata(run.run_id)["status"] == '"completed"', "the schema is read"
    assert command("ls").status == 0
    assert "1 same bits" in command("verify").out
    assert not (tmp_path / "canary").exists()


def test_pickles_as_columns_and_metadata_are_never_loaded(command, tmp_path):
    run = train(quadratic_config(steps=2))
    store = shared_store(tmp_path, [run])
    payload = pickle.dumps(Canary(tmp_path / "canary"))
    with_metadata(store, run, pandas=payload, pickle=json.dumps(payload.hex()).encode(), numpy="\x80\x04")
    assert command("report").status == 2, "metadata that are no JSON are damage"
    table = encode(run).append_column("train_loss_object", pa.array([payload] * len(run.curve.train_loss), pa.binary()))
    metadata = {key: text for key, text in table.schema.metadata.items() if key != CHECKSUM}
    store.run_path(run.run_id).write_bytes(
        file_of(table.replace_schema_metadata(metadata | {CHECKSUM: b"0" * 64}))  # refused before it is asked for
    )
    for arguments in (["ls"], ["verify"]):
        assert "Traceback" not in command(*arguments).err
    assert not (tmp_path / "canary").exists()


@pytest.fixture
def own_digits(tmp_path, monkeypatch, digits):
    """The decoded digits in a cache of this test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    ensure_decoded(digits)
    return cache._decoded_folder(digits)


@pytest.mark.slow
def test_a_pickled_array_in_the_cache_is_decoded_anew(own_digits, digits, tmp_path, small_sweep):
    for field in Arrays._fields:
        np.save(own_digits / f"{field}.npy", np.array([Canary(tmp_path / "canary")], object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"allow_pickle=False|Python objects in dtype"):
        load_decoded(digits)
    assert small_sweep("steps=2").status == 0
    assert not (tmp_path / "canary").exists()
    assert load_decoded(digits).train_images.dtype == np.uint8


def test_a_pickle_in_place_of_an_array_is_decoded_anew(own_digits, tmp_path, small_sweep):
    (own_digits / "train_images.npy").write_bytes(pickle.dumps(Canary(tmp_path / "canary")))
    assert small_sweep("steps=2").status == 0
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.mkdir [canary]", "!!python/name:os.system ''", "!!python/module:os ''"]
)
def test_tags_of_yaml_make_no_objects(tag, tmp_path, monkeypatch):
    conf = copy_conf(tmp_path)
    (conf / "optimizer" / "tagged.yaml").write_text(f"name: tagged\n_target_: {tag}\n")
    (tmp_path / "tagged.yaml").write_text(f"title: {tag}\n")
    monkeypatch.setattr(conf_files, "CONF", conf)
    monkeypatch.setattr(conf_files, "EXPERIMENTS", tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Exception, match="could not determine a constructor"):
        conf_files.load_yaml("optimizer", "tagged")
    with pytest.raises(ConfigError, match="its YAML cannot be read"):
        conf_files.load_experiment("tagged")
    assert not (tmp_path / "canary").exists()


# Paths.


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "..", ".", ".hidden", "a/b", "a\\b", "x" * 101, "a\0b", "", "a\n"])
def test_a_name_is_no_path(name, tmp_path):
    store = Store(tmp_path)
    for use in (store.sweep_folder, store.run_path, store.read_manifest, store.has):
        with pytest.raises(ZdlBenchError):
            use(name)


def test_paths_in_a_manifest_are_neither_written_nor_removed(command, tmp_path):
    (tmp_path / "precious").write_text("kept")
    run = train(quadratic_config(steps=2))
    store = shared_store(tmp_path, [run])
    path = store.sweep_folder("shared") / "sweep.json"
    stored = json.loads(path.read_text())
    stored["report"] = {"inputs": "", "files": ["../../../precious", str(tmp_path / "precious")], "formats": ["png"]}
    path.write_text(json.dumps(stored))
    assert command("report", "shared").status == 2
    assert (tmp_path / "precious").read_text() == "kept"
    assert files_outside(tmp_path, store) == {"precious"}


def test_run_ids_in_a_manifest_are_no_paths(command, tmp_path):
    store = shared_store(tmp_path, [train(quadratic_config(steps=2))])
    path = store.sweep_folder("shared") / "sweep.json"
    stored = json.loads(path.read_text()) | {"run_ids": ["../../../../etc/passwd"]}
    path.write_text(json.dumps(stored))
    assert command("report", "shared").status == 2


@pytest.mark.slow
@pytest.mark.parametrize("linked", ["sweeps/shared/tables", "sweeps/shared/figures", "sweeps/shared", "sweeps"])
def test_a_link_in_a_store_leads_no_report_elsewhere(linked, command, tmp_path):
    outside = tmp_path / "outside"
    store = shared_store(tmp_path, [train(quadratic_config(steps=2))])
    if (store.root / linked).exists():
        (store.root / linked).rename(outside)
    outside.mkdir(exist_ok=True)
    (outside / "precious").write_text("kept")
    before = files_outside(tmp_path, store)
    (store.root / linked).symlink_to(outside)
    outcome = command("report")
    assert outcome.status == 2
    assert f"{linked} is a link" in outcome.err
    assert files_outside(tmp_path, store) == before


# Markup, in every text that a store has.


def marked_runs(text: str) -> list[Run]:
    """Runs that have the text wherever a stored run may have one."""
    base = train(digits_config(steps=5))
    elsewhere = replace(
        base.config,
        seed=3,
        problem=Choice(text, {"hidden": (text,), text: text, "activation": text}),
        dataset=Choice(text, {"checksum": text}),
        schedule=Choice(text, {text: text}),
    )
    return [
        *(replace(base, config=replace(base.config, optimizer=Choice(text, {"a": text}), seed=seed)) for seed in (0, 1)),
        replace(base, config=replace(base.config, seed=2), environment={**base.environment, "cpu": text, text: text}),
        replace(base, config=elsewhere),
        Run(replace(base.config, seed=6), Status.FAILED, failure=Failure(text, text, text), environment=base.environment),
        Run(replace(base.config, seed=7), Status.TIMED_OUT, environment={text: text}),
    ]


def reported(root: Path, text: str, command) -> Path:
    """The folder of a report of a store full of the text."""
    experiment = {"title": text, "source": text, "fixed": {text: text}, "tuning_seeds": [0], "evaluation_seeds": [1, 2]}
    store = shared_store(
        root, marked_runs(text), title=text, command=text, overrides=[text], experiment=experiment, finished=WHEN
    )
    outcome = command("report", "--results", str(store.root))
    assert (outcome.status, outcome.err) == (0, "")
    return store.sweep_folder("shared")


@pytest.fixture(scope="module")
def folders(tmp_path_factory, digits):
    """Two reports: of texts that are markup, and of words in their place."""
    roots = [tmp_path_factory.mktemp(name) for name in ("markup", "words")]

    def command(*arguments):
        return run_process(*arguments, cwd=roots[0])

    return [reported(root, text, command) for root, text in zip(roots, (MARKUP, HARMLESS), strict=True)]


class Elements(HTMLParser):
    """The elements of a page, with the names of their attributes, and its addresses."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, ...]] = []
        self.addresses: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, *(name for name, _ in attrs)))
        self.addresses |= {value or "" for name, value in attrs if name in ("href", "src", "action", "formaction", "data")}


SVG = "data:image/svg+xml,"


@pytest.mark.slow
def test_the_page_has_the_elements_that_it_has_without_markup(folders):
    pages = [Elements((folder / "report.html").read_text()) for folder in folders]
    assert pages[0].elements == pages[1].elements
    known = re.compile(r"#[\w-]+|(\.\./\.\./runs/|figures/|tables/)[\w%./-]+|sweep\.json|data:image/webp;base64,.*")
    svgs = [address.removeprefix(SVG) for address in pages[0].addresses if address.startswith(SVG)]
    assert not [address for address in pages[0].addresses if not known.fullmatch(address) and not address.startswith(SVG)]
    for element in (element for svg in svgs for element in ElementTree.fromstring(unquote(svg)).iter()):
        assert not re.search(r"script|foreignObject|image|iframe|animate|set$", element.tag, re.IGNORECASE), element.tag
        assert not [name for name in element.attrib if name.startswith("on")]
        assert all(value.startswith("#") for name, value in element.attrib.items() if name.endswith("href"))
    assert (folders[0] / "report.html").read_text().count("alert(1)") > 20, "the texts are on the page"


@pytest.mark.slow
def test_files_bear_no_names_from_data(folders):
    for path in folders[0].rglob("*"):
        assert re.fullmatch(r"[\w.=-]+", path.name), path


@pytest.mark.slow
def test_tables_in_markdown_and_latex_are_text(folders):
    listed = [path for path in folders[0].rglob("*") if path.suffix in (".md", ".tex")]
    assert {path.suffix for path in listed} == {".md", ".tex"}
    for path in listed:
        text = path.read_text()
        assert path.suffix != ".md" or not re.search(r"<[a-z/]", text), path
        assert path.suffix != ".tex" or not re.search(r"(?<!\\)\{\{", text), path


@pytest.mark.parametrize(
    "text",
    [
        "a\rb",
        "a\nb",
        "a\r\nb",
        "a|b",
        "[here](https://example.org)",
        "![x](https://example.org/x.png)",
        "x\n\n[b]: https://example.org\n\n[click][b]",
        "https://example.org WWW.example.org me@example.org",
        "<https://example.org>",
        "a\\[b](https://example.org)",
    ],
)
def test_a_text_in_markdown_is_neither_a_cell_nor_a_link(text):
    table = markdown(pd.DataFrame({text: [text]}))
    assert len(table.splitlines()) == 3
    finding = ReportedFinding(text, text, [text])
    found = findings_markdown([PagePart(text, [text], [], [], [finding])])
    assert len(found.splitlines()) == 9
    for written in (table, found):
        assert "<a" not in MarkdownIt("gfm-like").render(written)


def test_a_text_in_latex_is_no_command():
    text = latex(pd.DataFrame({r"\input{/etc/passwd}": [r"\write18{touch canary} $x$ % & # _ ^ ~"]}))
    assert r"\input{" not in text
    assert r"\write18" not in text
    assert "$x$" not in text


@pytest.mark.parametrize("text", ["=1+1", "+1", "@SUM(1)", "\t=1", "\r=1", "-2+3+cmd|' /C calc'!A0"])
def test_a_text_in_csv_is_no_formula(text):
    assert csv(pd.DataFrame({"name": [text]})).splitlines()[1].lstrip('"').startswith("'")


def test_a_negative_number_in_csv_stays_one():
    assert csv(pd.DataFrame({"number": [-1.5], "text": ["-1.5"], "empty": ["-"]})) == "number,text,empty\n-1.5,-1.5,-\n"


# What a terminal would obey, and what rich would.

ESCAPE = "\x1b]0;owned\x07\x1b[31m"


def test_ls_prints_no_escapes(command, tmp_path):
    shared_store(tmp_path, [], command=f"python{ESCAPE}")
    assert "\x1b" not in command("ls").out


@pytest.mark.parametrize("arguments", [["verify"], ["report"]])
def test_errors_print_no_escapes(arguments, command, tmp_path):
    shared_store(tmp_path, [], command=f"python{ESCAPE}")
    assert "\x1b" not in command(*arguments).err


def renamed(run, optimizer):
    return replace(run, config=replace(run.config, optimizer=replace(run.config.optimizer, name=optimizer)))


def test_verify_prints_no_escapes(command, tmp_path):
    run = train(quadratic_config(steps=2))
    shared_store(tmp_path, [replace(run, end={f"loss{ESCAPE}": 1.0}), renamed(run, f"sgd{ESCAPE}")])
    outcome = command("verify")
    assert "differing: end.loss?]0;owned" in outcome.out
    assert "cannot be trained here (optimizer=sgd?]0;owned" in outcome.out
    assert "\x1b" not in outcome.out


@pytest.mark.slow
def test_verdicts_print_no_escapes(command, tmp_path):
    store = shared_store(tmp_path, [train(quadratic_config(steps=2))])
    assert command("report").status == 0
    manifest = store.read_manifest("shared")
    files = [*manifest.report.files, VERDICTS_FILE]
    store.write_manifest(replace(manifest, report=replace(manifest.report, files=files)))
    (store.sweep_folder("shared") / VERDICTS_FILE).write_bytes(f"claim 1: {ESCAPE}".encode() + b" cut \xe2\x80")
    outcome = command("report")
    assert "claim 1: ?]0;owned" in outcome.out
    assert "\x1b" not in outcome.out


def test_ls_takes_no_markup(command, tmp_path):
    shared_store(tmp_path, [], command="python [/x]")
    outcome = command("ls")
    assert outcome.status == 0
    assert "[/x]" in outcome.out


def test_verify_takes_no_markup(command, tmp_path):
    run = train(quadratic_config(steps=2))
    shared_store(tmp_path, [replace(run, end={"loss[/x]": 1.0}), renamed(run, "sgd[/x]")])
    assert command("verify").out.count("[/x]") >= 2


# The code: what the linter does not look for.

SOURCES = sorted(conf_files.PACKAGE.rglob("*.py"))
UNPICKLING = {
    "pickle",
    "_pickle",
    "cPickle",
    "marshal",
    "shelve",
    "dill",
    "cloudpickle",
    "jsonpickle",
    "runpy",
    "code",
    "codeop",
}
LOADING = {"read_pickle", "to_pickle", "Unpickler", "import_module", "__import__", "exec_module", "instantiate", "get_class"}
ALLOWED = {
    ("registry/part_class.py", "import_module"): "classes are named by YAMLs that are code: shipped, installed, or of the user",
    ("cli.py", "import_module"): "a command of a fixed list",
    ("__init__.py", "import_module"): "a module of a fixed list",
    ("optimizers/library_rule.py", "import_module"): "rules of libraries are named by YAMLs, as classes are",
}
ALLOWED_SUPPRESSIONS = {
    ("cli.py", "S102"): "an empty text",
    ("report/rendering.py", "S704"): "the project's own style and scripts",
    ("run/environment.py", "S603"): "a constant command",
    ("plan/keys.py", "S506"): "the safe loader, in C",
    ("executors/part_delivery.py", "S301"): "objects of the user, from the parent through its own pipe to its child",
    ("kernels/element_loops.py", "S102"): "a loop over a rule, whose source depends on a number alone",
    ("executors/child.py", "S603"): "a module of the project in a process of its own",
}


def calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def called(call: ast.Call) -> str:
    return ast.unparse(call.func)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(conf_files.PACKAGE).as_posix())
def test_a_module_loads_no_objects(path):
    name, tree = path.relative_to(conf_files.PACKAGE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))
    imported = {alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not imported & UNPICKLING or (name, "S301") in ALLOWED_SUPPRESSIONS
    taken = {a.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for a in node.names}
    used = {called(call).rpartition(".")[2] for call in calls(tree)} | taken
    assert {one for one in used & LOADING if (name, one) not in ALLOWED} == set()
    for call in calls(tree):
        if re.fullmatch(r"(np|numpy)\.load", called(call)):
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
            assert given.get("allow_pickle") == "False", f"line {call.lineno}"
        assert not re.fullmatch(r"joblib\.(load|dump|Memory)", called(call))


def test_nothing_else_is_kept_from_the_linter():
    """Ruff looks for eval, exec, shells, unsafe YAML and markup; each exception from that is one of these."""
    found = {
        (path.relative_to(conf_files.PACKAGE).as_posix(), rule)
        for path in SOURCES
        for rules in re.findall(r"noqa: ([\w, ]+)", path.read_text(encoding="utf-8"))
        for rule in re.findall(r"S\d{3}", rules)
    }
    assert found == ALLOWED_SUPPRESSIONS.keys()
    assert "importlib.import_module" in (conf_files.PACKAGE / "registry/part_class.py").read_text()


def test_templates_and_scripts_build_no_markup_from_texts():
    for path in (conf_files.PACKAGE / "report/templates").iterdir():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe\b|autoescape\s+false|Markup\(", text), path.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), path.name
