# SPDX-License-Identifier: LGPL-2.1-or-later
"""In what an answer about many dumps can be written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from inspector.commands import options

FORMATS = ("text", "csv", "json", "html")
OF_SUFFIX = {".txt": "text", ".csv": "csv", ".json": "json", ".html": "html", ".htm": "html"}


def output_options(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``file`` and ``output``."""
    file = click.option(
        "-o",
        "--output",
        "file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The file to write: .txt, .csv, .json, .html.",
    )
    with_both: Callable[..., Any] = file(options.format_of_file_option(*FORMATS)(callback))
    return with_both
