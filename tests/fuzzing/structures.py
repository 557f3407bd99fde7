"""Values of every wrong shape, as YAML and JSON can say them."""

import math

from hypothesis import strategies as st

HOSTILE_WORDS = (
    "", " ", "null", "../../x", "/etc/passwd", "a\0b", "a\nb", "\x1b[31m", "<script>x</script>", "$x^2$", "%s", "{0}", "=1+1",
    "${seed}", "x" * 3000, "ü", "\u202e", "\ud83d\ude00", "[bold]x[/]", "[/]", "[link=x]",
    "range(0,10**9)", "range(0,99999999999)",
    "a,b", "[1,2", "{a:1}", "1e999", "nan", "!!python/object:os.system", "&a", "*a",
    "x" * 300, "2024", "~/x", "~nobody/x", "/etc/passwd/x", "http://127.0.0.1:9", "http://[", "file:///etc/passwd",
    "null,true", "'", '"', "\\", "quadratic", "sgd",
)  # fmt: skip
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 20),
    st.sampled_from([2**63 - 1, 2**63, -(2**63), 2**64, 10**30, 2**1023 - 1, 2**1024, 10**400, -(10**400)]),
    st.floats(),
    st.sampled_from([math.inf, -math.inf, math.nan, 1e308, 5e-324, -0.0]),
    st.sampled_from(HOSTILE_WORDS),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
)
keys = st.sampled_from(HOSTILE_WORDS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
structures = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)


def nested(depth: int, kind: str) -> str:
    """The text of a structure within a structure … as JSON, and so as YAML."""
    return {"list": "[" * depth + "]" * depth, "dict": '{"a":' * depth + "1" + "}" * depth}[kind]


def deep_texts(*depths: int) -> st.SearchStrategy[str]:
    return st.builds(nested, st.sampled_from(depths), st.sampled_from(["list", "dict"]))


def changed(inner: st.SearchStrategy[object], content: dict[str, object]) -> st.SearchStrategy[dict[str, object]]:
    """The content with one key of it, at any depth, given another value, taken away, or put beside others."""

    @st.composite
    def one(draw: st.DrawFn, node: dict[str, object]) -> dict[str, object]:
        node = dict(node)
        what = draw(st.integers(0, 9))
        if what == 0 or not node:
            node[draw(keys)] = draw(inner)
            return node
        key = draw(st.sampled_from(sorted(node)))
        child = node[key]
        if what == 1:
            del node[key]
        elif what > 5 and isinstance(child, dict):
            node[key] = draw(one(child))
        elif what > 5 and isinstance(child, list) and child:
            place = draw(st.integers(0, len(child) - 1))
            item = child[place]
            node[key] = [*child[:place], draw(one(item) if isinstance(item, dict) else inner), *child[place + 1 :]]
        else:
            node[key] = draw(inner)
        return node

    return one(content)
