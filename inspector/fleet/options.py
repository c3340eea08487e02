# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the fleet commands need beyond the rest: an extra of the distribution."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from inspector.commands.options import format_of_file_option
from inspector.errors import UsageError

_PACKAGES = ("dask", "distributed", "duckdb", "pyarrow")


@contextmanager
def fleet_extra() -> Iterator[None]:
    """What is imported in the block may be of the extra.

    :raises UsageError: in one line that says what to install, where it is not there
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _PACKAGES:
            raise
        raise UsageError(
            f"fleet needs {package}, which is not installed: pip install 'frame-inspector[fleet]'"
        ) from None


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
    with_both: Callable[..., Any] = file(format_of_file_option(*FORMATS)(callback))
    return with_both
