"""The components as a plugin: Pulumi starts this directory. With `--module NAME` it runs a module of theirs instead."""

import runpy
import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

PACKAGE = "strongroom.components"


def load_package(directory: Path) -> None:
    """Make the components in `directory` importable by their one name, also where nothing else of Strongroom is.

    :raises ImportError: `directory` holds no components.
    """
    spec = spec_from_file_location(PACKAGE, directory / "__init__.py", submodule_search_locations=[str(directory)])
    if spec is None or spec.loader is None:
        raise ImportError(f"{directory} holds no components")
    parent = ModuleType(PACKAGE.partition(".")[0])
    parent.__path__ = []
    package = module_from_spec(spec)
    sys.modules.update({parent.__name__: parent, PACKAGE: package})
    spec.loader.exec_module(package)


if not __package__:
    # Started as a directory: its own modules would hide others of their names.
    here = Path(sys.path.pop(0)).resolve()
    load_package(here)

if sys.argv[1:2] == ["--module"]:
    runpy.run_module(f"{PACKAGE}.{sys.argv[2]}", run_name="__main__", alter_sys=True)
else:
    import_module(f"{PACKAGE}.plugin.provider").serve()
