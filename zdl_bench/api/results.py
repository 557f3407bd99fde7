"""Results in a store, with what a report says and shows of them."""

import webbrowser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, overload

from markupsafe import Markup

from zdl_bench.api.current_report import require_drawable, update_report
from zdl_bench.api.notebook_voice import warn_caller
from zdl_bench.errors import ConfigError, OtherEngine, abridge
from zdl_bench.language import ENGLISH, Language, speaking, translate
from zdl_bench.registry.languages import language_named, language_of_user
from zdl_bench.report.freshness import intact_runs, page_path
from zdl_bench.run.config import ENGINE_VERSION
from zdl_bench.run.counts import count_of
from zdl_bench.run.experiment import Experiment
from zdl_bench.run.presentation import formats_of
from zdl_bench.store.damage import FILES, PLANNED, about_engine, how_many_are_missing
from zdl_bench.store.frames import Results, frames_of
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from zdl_bench.api.findings import Findings
    from zdl_bench.report.comparison import Comparison
    from zdl_bench.report.page_budget import PageTests
    from zdl_bench.statistics.verdict import Judgment

Texts = Mapping[str, str] | None
"""Text → text to show in its place, or name → colour."""
TABLE_COLUMNS = 8
"""The number of columns of the table that a notebook shows. The report has all."""


@dataclass(frozen=True, repr=False)
class StoredResults(Results):
    """The runs of a sweep, or of a whole store: frames (see `Results`), findings, figures and the report.

    manifest: what the store keeps about the sweep besides its runs; None for a whole store. folder: the folder of the store.
    language: in which findings, figures and report are.
    """

    manifest: Manifest | None = None
    folder: Path = field(default=Path("results"))
    language: Language = ENGLISH

    @cached_property
    def comparisons(self) -> "list[Comparison]":
        """The runs by setting, as the figures and tables need them: see `zdl_bench.comparisons`."""
        from zdl_bench.report.comparison import comparisons

        with speaking(self.language):
            return comparisons(self)

    @cached_property
    def _judged(self) -> "tuple[PageTests, list[Judgment]]":
        from zdl_bench.report.conclusions import judged_page

        whole_store = Manifest(name="store", title="", command="", overrides=[], run_ids=[], started="")
        with speaking(self.language):
            return judged_page(self.manifest or whole_store, self.comparisons)

    def findings(self) -> "Findings":
        """Return what the page of a report finds: sentences, with the numbers behind them in `.frame`.

        The findings of a whole store share one error budget, and nobody knows its tuning seeds, so load one sweep if you can.
        """
        from zdl_bench.api.findings import page_findings

        with speaking(self.language):
            return page_findings(*self._judged)

    @overload
    def plot(
        self, name: str, ax: None = None, labels: Texts = None, colors: Texts = None, setting: str | None = None
    ) -> "Figure": ...

    @overload
    def plot(self, name: str, ax: "Axes", labels: Texts = None, colors: Texts = None, setting: str | None = None) -> "Axes": ...

    def plot(
        self, name: str, ax: "Axes | None" = None, labels: Texts = None, colors: Texts = None, setting: str | None = None
    ) -> "Figure | Axes":
        """Draw a figure of the report by its name, the name of its file there, such as `loss_curves` or `lr_sensitivity`.

        Without `ax`, return a new Figure in the style of the report, with its title; its panels are `figure.axes`, in reading
        order. With `ax`, draw a figure of one panel on it, in the style that is in force there, without a title, and return it.

        labels: text in the figure → text to show in its place: names of optimizers, labels of axes and legends, in any
            language. A text is replaced wherever it stands as whole words. Letters that no installed font has are not drawn as
            boxes: the label stays as it was, with a warning that says what to install.
        colors: optimizer → any colour of matplotlib. Both take optimizers as commands or figures spell them.
        setting: which setting, as `findings()` heads it, if the results have several.

        Raise ConfigError for a figure that does not exist or for which these runs have no values, for a figure of several
        panels that should be drawn on one `ax`, and for a colour or a setting that does not exist.
        """
        from zdl_bench.report.named_figure import Wishes, named_figure

        with speaking(self.language):
            return named_figure(name, self._judged[0], setting, Wishes(ax, labels or {}, colors or {}))

    def report(self, formats: Sequence[str] = ("png",)) -> Path:
        """Build the report of the sweep unless it is up to date, and return the path of its page.

        formats: file formats of the figures, of png, svg and pdf. The keys `figure.*` and `table.*` of the sweep, or of the
            report that is there, hold. Raise ConfigError for an unknown format, and for a whole store, which has no report.
        """
        chosen = formats_of("formats", formats)
        if self.manifest is None:
            raise ConfigError("a report is about one sweep; name it, as in load_results('results', sweep='NAME')")
        store = Store(self.folder)
        manifest = store.read_manifest(self.manifest.name)
        presentation = replace(manifest.report.presentation, language=self.language.code)
        require_drawable(presentation)
        update_report(store, manifest, chosen, intact_runs(store, manifest).checksums, presentation)
        return page_path(store, manifest)

    def open_report(self) -> Path:
        """Build the report as `report` does, show it in a browser, and return the path of its page."""
        page = self.report()
        webbrowser.open(page.resolve().as_uri())
        return page

    def __repr__(self) -> str:
        with speaking(self.language):
            name = self.manifest.name if self.manifest else translate("all runs in {folder}", folder=self.folder)
            names = abridge("", list(dict.fromkeys(self.runs.get("optimizer", ())))) or translate("no optimizer")
            runs = count_of(len(self.runs), "run")
            return "<" + translate("{name}: {runs} of {names}", name=name, runs=runs, names=names) + ">"

    def _repr_html_(self) -> str:
        """Return the findings, and a table of the optimizers, as HTML for a notebook."""
        from zdl_bench.report.tables.conditions import optimizer_table

        with speaking(self.language):
            tables = [
                optimizer_table(one).reading.iloc[:, :TABLE_COLUMNS].to_html(index=False) for one in self._judged[0].standings
            ]
            heading = Markup("<p><strong>{}</strong></p>").format(repr(self).strip("<>"))
        return str(heading) + self.findings()._repr_html_() + "".join(tables)


def load_results(path: str | Path = "results", sweep: str | None = None, language: str | None = None) -> StoredResults:
    """Load the runs of a sweep in the store at `path`. If no sweep is given, load all runs of this version of the engine.

    Metrics are computed from the curves while loading. Runs whose file is damaged or gone are left out, with a warning. A sweep
    of another engine is loaded with a warning. Raise StoreError if there is no such store or sweep, or if none of its runs can
    be read.

    language: the code of that of findings, figures and report, such as `ja`; default: that of the sweep's report, and for a
        whole store that of ZDL_BENCH_LANGUAGE. Raise ConfigError if there is no such language.
    """
    store = Store(Path(path).expanduser())
    store.require_existing()
    manifest = None if sweep is None else store.read_manifest(sweep)
    if language is None:
        spoken = language_named(manifest.report.language) if manifest else language_of_user()
    else:
        spoken = language_named(language)
    return results_of(store, manifest, spoken)


def results_of(store: Store, manifest: Manifest | None, language: Language) -> StoredResults:
    """Return the results of a sweep, or of the whole store if there is no manifest, as `load_results` does."""
    found = store.read_all(store.run_ids() if manifest is None else manifest.run_ids)
    found = found.of_engine(ENGINE_VERSION if manifest is None else found.engine)
    is_expected = {key: manifest is not None or not isinstance(error, OtherEngine) for key, error in found.missing.items()}
    missing = {key: error for key, error in found.missing.items() if is_expected[key]}
    if missing and not found.runs:
        raise next(iter(missing.values()))
    if missing:
        counted = FILES if manifest is None else PLANNED
        words = how_many_are_missing(missing, len(found.runs) + len(missing), counted)
        warn_caller(translate("{store}: {words}; run the command of the sweep again", store=store.root, words=words))
    if manifest and (note := about_engine(found.engine)):
        warn_caller(f"{store.root}: {manifest.name}: {note}")
    frames = frames_of([run for run, _ in found.runs])
    experiment = manifest.as_experiment if manifest else Experiment("")
    about = frames.runs, frames.curves, frames.probes, frames.members, experiment.tuning_seeds, experiment.tuned_keys
    return StoredResults(*about, manifest, store.root, language)
