"""The module in which Hydra finds the plugins of zdl_bench. Hydra accepts only classes defined in `hydra_plugins`.

This folder has no `__init__.py`: `hydra_plugins` is a namespace package to which other packages may add plugins.
"""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.plugins.search_path_plugin import SearchPathPlugin

from zdl_bench.errors import ConfigError
from zdl_bench.plan.launcher import SweepLauncher
from zdl_bench.plan.sweeper import BlockSweeper
from zdl_bench.registry.conf_places import outside_places


class ZdlBenchLauncher(SweepLauncher):
    """The launcher that `hydra/launcher=zdl_bench` chooses."""


class ZdlBenchSweeper(BlockSweeper):
    """The sweeper that `hydra/sweeper=zdl_bench` chooses."""


class OutsidePlaces(SearchPathPlugin):
    """The search path of Hydra beyond `conf/`: the folders of installed packages and of the user."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        for place in outside_places():
            if (place.folder / "schema.yaml").is_file():
                raise ConfigError(f"{place.folder}/schema.yaml: this would replace the types of all keys; rename the file")
            search_path.append("zdl_bench", f"file://{place.folder}")


for group, plugin in (("hydra/launcher", ZdlBenchLauncher), ("hydra/sweeper", ZdlBenchSweeper)):
    target = {"_target_": f"{plugin.__module__}.{plugin.__name__}"}
    ConfigStore.instance().store(group=group, name="zdl_bench", node=target, provider="zdl_bench")
