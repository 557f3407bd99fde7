"""The words of figures for what data name: losses, with their units, and metrics."""

from zdl_bench.language import translatable, translate
from zdl_bench.report.comparison import Comparison

LOSSES = (
    translatable("probe loss"),
    translatable("tail loss"),
    translatable("smoothed loss"),
    translatable("penalized probe loss"),
    translatable("penalized tail loss"),
    translatable("penalized smoothed loss"),
    translatable("gap to the minimum"),
    translatable("value of the function"),
    translatable("nats"),
    translatable("nats per pixel"),
    translatable("squared error"),
)
"""The losses that axes show, and their units. A problem from outside may have other ones, which are shown as they are."""
METRICS_IN_WORDS = {
    "axis_crossings": translatable("axis crossings"),
    "step_cosine": translatable("step cosine"),
    "jitter_1": translatable("jitter 1"),
    "jitter_20": translatable("jitter 20"),
    "overshoot": translatable("overshoot"),
    "displacement_cosine": translatable("displacement cosine"),
    "gradient_cosine": translatable("gradient cosine"),
    "path_efficiency": translatable("path efficiency"),
    "flip_rate": translatable("flip rate"),
}


def loss_name(comparison: Comparison, kind: str = "probe loss") -> str:
    """Return the name of a comparison's loss, with its unit, for an axis. kind: `probe loss`, `tail loss`, `smoothed loss`."""
    name, bracket, unit = comparison.loss_name.replace("probe loss", kind).removesuffix(")").partition(" (")
    return f"{_known(name)} ({_known(unit)})" if bracket else _known(name)


def _known(words: str) -> str:
    return translate(words) if words in LOSSES else words


def tail_loss_name(comparison: Comparison) -> str:
    return loss_name(comparison, "tail loss")


def metric_words(metric: str) -> str:
    """Return the name of a metric, for readers."""
    return translate(METRICS_IN_WORDS[metric]) if metric in METRICS_IN_WORDS else metric.replace("_", " ")
