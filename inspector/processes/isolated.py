# SPDX-License-Identifier: LGPL-2.1-or-later
"""Start a module of this package in an isolated Python that imports nothing from the current
directory.

``python -m MODULE`` puts the current directory first on ``sys.path``: in a directory that others
may write to, their ``ctypes.py`` would run as whoever started the command. This file is therefore
run as a script, by its full path and with ``-I``, which leaves the current directory, the script's
own, user site and every ``PYTHON*`` variable out, on each Python from 3.10 on. What ``-I`` leaves
out and the package needs is named on the command line:

    python -I …/inspector/processes/isolated.py DIRECTORY:… MODULE ARGUMENT…

runs ``MODULE.main([ARGUMENT, …])`` with the package that this file belongs to. The directories
come last on ``sys.path``; they are those where the one who starts it finds what the package
depends on, so that an editable install, a user install and ``pip install --target`` all work.
"""

from __future__ import annotations

import os
import site
import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location

BUNDLED = "--isolated"
"""What the bundled executable, which has no file of this one, takes in place of ``-I FILE``."""

_PACKAGE = "inspector"
_DEPENDENCIES = (
    *("capstone", "click", "drgn", "jinja2", "prompt_toolkit", "rich", "zlib_ng"),
    *("distributed", "duckdb", "pyarrow"),
)


def isolated(module: str, *arguments: str) -> list[str]:
    """The command that runs ``module.main(arguments)``, with ``module`` one of this package."""
    if getattr(sys, "frozen", False):
        return [sys.executable, BUNDLED, module, *arguments]
    directories = os.pathsep.join(needed_directories())
    return [sys.executable, "-I", os.path.abspath(__file__), directories, module, *arguments]


def clean_environment() -> dict[str, str]:
    """This process's environment without what changes how a Python starts."""
    return {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}


def needed_directories() -> list[str]:
    """Directories of the package's dependencies that an isolated Python would not search."""
    own = {os.path.realpath(directory) for directory in site.getsitepackages()}
    found = dict.fromkeys(
        os.path.dirname(os.path.dirname(os.path.abspath(spec.origin)))
        for spec in map(find_spec, _DEPENDENCIES)
        if spec is not None and spec.origin is not None
    )
    return [directory for directory in found if os.path.realpath(directory) not in own]


def run_module(module: str, arguments: list[str]) -> int:
    """``module.main(arguments)``: its exit status."""
    sys.argv = [module, *arguments]
    status: int = import_module(module).main(arguments)
    return status


def _load_package() -> None:
    """Load the package that this file belongs to, even if another one has the same name."""
    directory = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    spec = spec_from_file_location(
        _PACKAGE, os.path.join(directory, "__init__.py"), submodule_search_locations=[directory]
    )
    assert spec is not None
    assert spec.loader is not None
    package = sys.modules[_PACKAGE] = module_from_spec(spec)
    spec.loader.exec_module(package)


if __name__ == "__main__":
    sys.path += filter(None, sys.argv[1].split(os.pathsep))
    _load_package()
    sys.exit(run_module(sys.argv[2], sys.argv[3:]))
