"""The module in which Hydra finds the plugins of zdl_bench. Hydra accepts only classes defined in `hydra_plugins`.

This folder has no `__init__.py`: `hydra_plugins` is a namespace package to which other packages may add plugins.
"""

from hydra.core.config_store import ConfigStore

from zdl_bench.plan.launcher import SweepLauncher
from zdl_bench.plan.sweeper import BlockSweeper


class ZdlBenchLauncher(SweepLauncher):
    """The launcher that `hydra/launcher=zdl_bench` chooses."""


class ZdlBenchSweeper(BlockSweeper):
    """The sweeper that `hydra/sweeper=zdl_bench` chooses."""


for group, plugin in (("hydra/launcher", ZdlBenchLauncher), ("hydra/sweeper", ZdlBenchSweeper)):
    target = {"_target_": f"{plugin.__module__}.{plugin.__name__}"}
    ConfigStore.instance().store(group=group, name="zdl_bench", node=target, provider="zdl_bench")
