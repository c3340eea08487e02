# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python interface as HTML pages, from its docstrings, by pdoc."""

import pkgutil
from pathlib import Path

import pdoc
import pdoc.render

import inspector.model

_INNER = {"entry_frame"}  # the short form of very many frames, for the renderers


def documented() -> list[str]:
    """What somebody who imports the package opens, is given, and catches."""
    names = {module.name for module in pkgutil.iter_modules(inspector.model.__path__)} - _INNER
    values = [f"inspector.model.{name}" for name in sorted(names)]
    return ["inspector.api", "inspector.queries.target", "inspector.errors", *values]


def make_pages(directory: Path) -> Path:
    """Write the pages; where they begin."""
    pdoc.render.configure(docformat="restructuredtext", footer_text="frame-inspector")
    pdoc.pdoc(*documented(), output_directory=directory)
    return directory / "index.html"
