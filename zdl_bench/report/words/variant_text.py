"""Say in words what is known of one optimizer of a setting: its learning rate, where it ends, and what it is best in."""

import math

from zdl_bench.language import said, translatable, translate, translate_count
from zdl_bench.report.phrases import join_clauses, list_names, shorten, states_text
from zdl_bench.report.standings import TAIL_LOSS, TEST_ACCURACY, Standings
from zdl_bench.run.conditions import short
from zdl_bench.statistics.finding import three_digits

SUPERLATIVES = {
    "speed": translatable("fastest"),
    "steps to the targets": translatable("first to the targets"),
    "loss at the end": translatable("lowest loss at the end"),
    "steadiness": translatable("steadiest"),
    "test loss": translatable("lowest test loss"),
    "test accuracy": translatable("most accurate"),
}


def lr_of(variant: str, standings: Standings) -> str:
    """Return the learning rate at which a variant is compared, and what else was tuned: `lr 0.01`. Empty without."""
    side = standings.entrants.sides.get(variant)
    lr = side.runs["lr"].iloc[0] if side is not None and len(side.runs) else None
    if side is None or lr is None or lr != lr:
        return ""
    text = f"lr {short(float(lr))}"
    others = side.choice.best_others if side.choice else ""
    return translate("{lr} and {others}", lr=text, others=others) if others else text


def at_lr(variant: str, standings: Standings) -> str:
    """Return the name of a variant with the learning rate at which it is compared: `adam at lr 0.01`."""
    return at_place(variant, lr_of(variant, standings))


def at_place(name: str, place: str) -> str:
    return translate("{name} at {place}", name=name, place=place) if place else name


def single_accuracy(variant: str, standings: Standings) -> str:
    """Return the mean accuracy on the test set with one decimal; empty if there is none."""
    runs = standings.entrants.sides[variant].runs
    accuracy = float(runs["test_accuracy"].mean()) if "test_accuracy" in runs else math.nan
    return "" if math.isnan(accuracy) else f"{100 * accuracy:.1f} %"


def praise_of(noun: str, variant: str, standings: Standings) -> str:
    """Return a superlative, with the number that it is about if readers know it: `most accurate (94.4 %)`."""
    value = {TAIL_LOSS.noun: loss_text, TEST_ACCURACY.noun: single_accuracy}.get(noun)
    praise = translate(SUPERLATIVES[noun])
    if value is None:
        return praise
    number = on_seeds_with_values(value(variant, standings), variant, standings)
    return translate("{praise} ({number})", praise=praise, number=number) if number else praise


NAME_ENDS = (
    translatable("{name} ends at a loss of {loss} with {accuracy} test accuracy"),
    translatable("{name} ends at a loss of {loss}"),
)
IT_ENDS = (
    translatable("It ends at a loss of {loss} with {accuracy} test accuracy"),
    translatable("It ends at a loss of {loss}"),
)


def ends_text(variant: str, standings: Standings, texts: tuple[str, str] = NAME_ENDS) -> str:
    """Return where a variant ends: `adam ends at a loss of 0.1 with 94.4 % test accuracy`. texts: with accuracy and without."""
    loss, accuracy = loss_text(variant, standings), single_accuracy(variant, standings)
    text = translate(texts[0] if accuracy else texts[1], name=variant, loss=loss, accuracy=accuracy)
    return on_seeds_with_values(text, variant, standings)


def on_seeds_with_values(text: str, variant: str, standings: Standings) -> str:
    """Add on how many seeds a variant has a loss, and what became of the others, if some run has none."""
    runs = standings.entrants.sides[variant].runs
    is_lost = runs["tail_loss"].isna()
    if not is_lost.any():
        return text
    states = states_text((str(state), count) for state, count in runs.loc[is_lost, "status"].value_counts().items())
    count = len(runs) - is_lost.sum()
    return translate(
        "{text} on {count} of {seeds} seeds; {others}", text=text, count=count, seeds=len(runs), others=list_names(states)
    )


def has_lost_runs(variant: str, standings: Standings) -> bool:
    return bool(standings.entrants.sides[variant].runs["tail_loss"].isna().any())


def loss_text(variant: str, standings: Standings) -> str:
    return three_digits(float(standings.entrants.sides[variant].runs["tail_loss"].mean()))


def edge_text(variant: str, standings: Standings) -> str:
    """Return that a better learning rate may lie beyond those that were tried; empty if the best one lies between others."""
    choice = standings.entrants.sides[variant].choice
    if choice is None or choice.lr is None or not choice.at_edge:
        return ""
    lr = f"{choice.lr:g}"
    if choice.lr == choice.lrs[0]:
        return translate("whether a smaller lr is better still ({lr} is the smallest that was tried)", lr=lr)
    return translate("whether a larger lr is better still ({lr} is the largest that was tried)", lr=lr)


def left_out_text(standings: Standings) -> str:
    """Return how which optimizers do is open, since they were not compared, and why; empty if all were."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in standings.entrants.reasons.items():
        by_reason.setdefault(said(reason).removeprefix(f"{name}: "), []).append(shorten(name))
    return join_clauses(
        *(
            translate_count(
                "how {names} does ({reason})", "how {names} do ({reason})", len(names), names=list_names(names), reason=reason
            )
            for reason, names in by_reason.items()
        )
    )
