# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python interface as HTML pages, from its docstrings, by pdoc."""

import pkgutil
from pathlib import Path
from typing import get_type_hints

import pdoc
import pdoc.render

import inspector.model
from inspector.model.frame import EntryFrame


def documented() -> list[str]:
    """The modules that define what users of the API open, get and catch."""
    names = {module.name for module in pkgutil.iter_modules(inspector.model.__path__)}
    values = [f"inspector.model.{name}" for name in sorted(names)]
    return ["inspector.api", "inspector.queries.source", "inspector.errors", *values]


def make_pages(directory: Path) -> Path:
    """Write the pages, and return the path of the first."""
    # pdoc looks for the names of a NamedTuple's annotations in the module "namedtuple_EntryFrame".
    EntryFrame.__new__.__annotations__ = get_type_hints(EntryFrame)
    pdoc.render.configure(docformat="restructuredtext", footer_text="frame-inspector")
    pdoc.pdoc(*documented(), output_directory=directory)
    return directory / "index.html"
