# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the traceback of a fault of ours goes: a file that only its owner can read."""

from __future__ import annotations

import platform
import tempfile
import traceback
from collections.abc import Sequence


def write_fault_log(error: BaseException, arguments: Sequence[str]) -> str:
    """Write what somebody needs who is to mend ``error``.

    :returns: the path of the file
    :raises OSError: if there is no place for it
    """
    with tempfile.NamedTemporaryFile(  # made with mode 0600
        "w",
        encoding="utf-8",
        errors="backslashreplace",
        prefix="inspector-",
        suffix=".log",
        delete=False,
    ) as log:
        log.write(f"arguments: {list(arguments)!r}\n")
        log.write(f"python: {platform.python_version()} on {platform.platform()}\n\n")
        log.writelines(traceback.format_exception(error))
    return log.name
