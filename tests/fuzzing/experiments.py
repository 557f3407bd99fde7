"""Experiments: YAML that says the wrong thing at each place, and YAML that attacks its reader."""

from typing import Any

import yaml
from hypothesis import strategies as st

from fuzzing.case import EXPERIMENTS, Case
from fuzzing.overrides import TINY
from fuzzing.structures import changed, deep_texts, structures

COMMAND = (*TINY, "experiment=mine")
"""What the experiment says of its problem is overridden: without it, a sound experiment would train the articles' network."""
FIXED = {"problem": "quadratic", "steps": 3, "probe.count": 2}
SOUND: dict[str, Any] = {
    "title": "Mine",
    "source": "here",
    "fixed": FIXED,
    "tuning_seeds": [0],
    "tune": ["optimizer.beta1"],
    "max_extensions": 1,
    "evaluation_seeds": [1, 2],
    "blocks": [
        {"optimizer": ["sgd", "momentum"], "lr": [0.1, 0.01]},
        {"optimizer": "adam", "lr_grid": [0.1, 9], "optimizer.beta1": [0.5, 0.9]},
    ],
    "claims": [
        {
            "id": 1,
            "sentence": "SGD wins.",
            "source": "here",
            "kind": "superiority",
            "metric": "tail_loss",
            "first": {"optimizer": "sgd"},
            "second": {"optimizer": "momentum"},
        }
    ],
}
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
"""A billion values in nine lines."""
ATTACKS = (
    LAUGHS,
    LAUGHS + "title: *i\n",
    LAUGHS + "claims: *i\nblocks: [{seed: *i}]\n",
    f"blocks:\n- &a {{optimizer: sgd}}\n- *a\n{LAUGHS}",
    "title: x\nsource: &a [*a]\n",
    "title: &a {b: *a}\nblocks: [{}]\n",
    "claims: &a [{id: *a}]\n",
    "blocks: &a [{lr: *a}]\n",
    "fixed: &a\n  optimizer: *a\n",
    "!!python/object/apply:os.system [touch ../../x]\n",
    "title: !!python/name:os.system\n",
    "title: !!python/object/new:os.system [x]\n",
    "title: !!bool x\n",
    "title: !!int ''\n",
    "title: !!float x\n",
    "title: !!timestamp x\n",
    "title: !!binary x\n",
    "title: !!set {a, b}\n",
    "title: !!omap [a: 1]\n",
    "title: !!unknown x\n",
    "title: 2020-01-01\n",
    "title: 2020-99-99\n",
    "title: 2020-01-01 00:00:00+99:99\n",
    "source: 2020-01-01\nblocks: [{seed: 2020-01-01}]\n",
    "blocks: [{seed: !!binary aGVsbG8=}]\n",
    "blocks: [{seed: !!set {1, 2}}]\n",
    "? [a, b]\n: c\n",
    "1: 2\nnull: 3\n",
    "blocks: [{1: 2}]\n",
    "blocks: [{null: 2}]\n",
    "blocks: [{true: 2, seed: 1}]\n",
    "claims: [{1: 2}]\n",
    "<<: {a: 1}\n<<: [1]\n",
    "title: 1\ntitle: 2\n",
    "---\na: 1\n---\nb: 2\n",
    "a: [\n",
    "\t\n",
    "%YAML 9.9\n---\na: 1\n",
    "evaluation_seeds: range(0,999999999999)\n",
    "evaluation_seeds: range(0," + "9" * 5000 + ")\n",
    "evaluation_seeds: [" + "9" * 5000 + "]\n",
    "tuning_seeds: range(0,99999)\nevaluation_seeds: range(99999,9999999)\n",
    "evaluation_seeds: [0x" + "f" * 5000 + "]\n",
    "blocks: [{problem: quadratic, steps: 3, lr: 0x" + "f" * 5000 + "}]\n",
    "blocks: [{seed: 'range(0,1000000000000)'}]\n",
    "blocks: [{seed: 'range(0,inf)'}]\n",
    "blocks: [{seed: 'shuffle(range(0,1000000000000))'}]\n",
    "blocks: [{a: 'range(0,1000)', b: 'range(0,1000)', c: 'range(0,1000)', d: 'range(0,1000)'}]\n",
    "blocks: [{name: ../../x}]\n",
    "blocks: [{results_dir: ../elsewhere}]\n",
    "blocks: [{hydra.run.dir: ../elsewhere}]\n",
    "blocks: [{+hydra.callbacks.x._target_: os.system}]\n",
    "blocks: [{experiment: mine}]\n",
    "fixed: {experiment: mine, problem: quadratic, steps: 3}\n",
    "fixed: {optimizer: ../../x}\n",
    "title: \x07\n",
    "title: '\\uD800'\n",
    'title: "\\uD800"\n',
    'title: "\\0"\n',
)

deep = deep_texts(40, 60, 300, 1500).flatmap(
    lambda text: st.sampled_from(["{}", "title: {}", "blocks: {}", "blocks: [{{lr: {}}}]", "claims: [{}]", "fixed: {}"]).map(
        lambda frame: frame.format(text)
    )
)
block_values = st.sampled_from(
    [
        "range(0,3)",
        "range(0,1e15)",
        "a,b",
        "glob(*)",
        "choice(1,2)",
        "interval(0,1)",
        "${lr}",
        "???",
        [[1]],
        [{"a": 1}],
        [None],
        [],
        {},
    ]
)
contents = st.one_of(
    changed(structures, SOUND),
    changed(block_values, SOUND),
    changed(structures, SOUND).flatmap(lambda content: changed(structures, content)),
    st.dictionaries(st.sampled_from(sorted(SOUND)), structures, max_size=4),
    structures,
)
texts = st.one_of(
    contents.map(lambda content: yaml.safe_dump(content, allow_unicode=True).encode()),
    contents.map(lambda content: yaml.safe_dump(content, allow_unicode=True).encode()),
    st.sampled_from(ATTACKS).map(lambda text: text.encode("utf-8", "surrogatepass")),
    deep.map(str.encode),
    st.binary(max_size=40),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
commands = st.sampled_from(
    [COMMAND, COMMAND, COMMAND, (*COMMAND, "seed=1"), (*COMMAND, "lr=0.1"), ("-m", *COMMAND), (*COMMAND, "dry_run=true")]
)


def cases() -> st.SearchStrategy[Case]:
    return st.builds(lambda text, command: Case((command,), {f"{EXPERIMENTS}/mine.yaml": text}), texts, commands)
