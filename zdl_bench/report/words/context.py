"""Describe in words what the runs of a comparison have in common."""

from collections.abc import Sequence

from zdl_bench.errors import ConfigError
from zdl_bench.language import translate
from zdl_bench.registry import registry
from zdl_bench.run.conditions import short
from zdl_bench.run.config import Choice, RunConfig, Value
from zdl_bench.run.counts import count_of

SEPARATOR = " · "


def context_of(configs: Sequence[RunConfig], tuning_seeds: Sequence[int] = ()) -> tuple[str, ...]:
    """Return what the runs of one setting have in common, in two lines.

    The first line gives the data set, the problem and the number of steps. The second line gives the number of seeds, the
    batch size and other conventions.
    """
    config = configs[0]
    values = config.problem.values
    if "hidden" in values:
        hidden = translate("hidden {layers}", layers=short(values["hidden"]))
        problem = [hidden, short(values["activation"])] if values["hidden"] else []
        problem += [f"{key} {short(values[key])}" for key in ("input_condition", "l2") if key in values]
    else:
        problem = [f"{key} {_point_text(value)}" for key, value in values.items() if value != 0]
    conventions = [_seeds_text({c.seed for c in configs}, {*tuning_seeds})]
    if "loss_reduction" in values:
        is_sum = values["loss_reduction"] == "sum"
        averaged = translate("gradient averaged over the batch")
        conventions.append(translate("gradient summed over the batch") if is_sum else averaged)
    if "batch_size" in values:
        conventions.append(translate("batch {size}", size=short(values["batch_size"])))
    loss = values.get("loss", "cross_entropy")
    if loss != "cross_entropy":
        conventions.append(translate("mean squared error") if loss == "mse" else short(loss).replace("_", " "))
    schedules = {one.schedule.name for one in configs}
    conventions += [config.dtype, *(translate("schedule {name}", name=name) for name in schedules if len(schedules) == 1)]
    data = _data_text(config.dataset) if config.dataset else translate("no data set")
    first_line = (data, " ".join([config.problem.name, *problem]), translate("{count:,} steps", count=config.steps))
    return SEPARATOR.join(first_line), SEPARATOR.join(conventions)


def loss_name_of(config: RunConfig) -> str:
    """Return the name of the loss that the probes of a run measure, with its unit if the problem is installed here."""
    try:
        return registry.problem(config.problem).loss_name(config.dataset)
    except ConfigError:
        return "probe loss"


def common_context(contexts: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return what the runs of several settings have in common. Of a problem with different values, only the name is left."""
    common: list[str] = []
    for lines in zip(*contexts, strict=True):
        every = [line.split(SEPARATOR) for line in lines]
        if not common and len({parts[1].split()[0] for parts in every}) == 1 < len({parts[1] for parts in every}):
            every = [[parts[0], parts[1].split()[0], *parts[2:]] for parts in every]
        common.append(SEPARATOR.join(part for part in every[0] if all(part in parts for parts in every)))
    return tuple(filter(None, common))


def _data_text(dataset: Choice) -> str:
    """Return the name of a data set; of a user's own data also what tells them from others, since many have one name."""
    if "split_seed" not in dataset.values:
        return dataset.name
    name = f"{dataset.name} {short(dataset.values.get('checksum'))[:8]}"
    return translate("{name}, standardized", name=name) if dataset.values.get("standardize") is True else name


def _seeds_text(seeds: set[int], tuning_seeds: set[int]) -> str:
    tuning, judging = len(seeds & tuning_seeds), count_of(len(seeds - tuning_seeds), "seed")
    return translate("{seeds} after {count} tuning seeds", seeds=judging, count=tuning) if tuning else judging


def _point_text(value: Value) -> str:
    """Return a value as text. The coordinates of a point are put in brackets."""
    return f"({', '.join(map(short, value))})" if isinstance(value, tuple) else short(value)
