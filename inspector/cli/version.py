# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which version this is."""

from __future__ import annotations

_DISTRIBUTION = "frame-inspector"


def version() -> str:
    """The version that was installed; a checkout that was not installed has none."""
    from importlib import metadata  # slow to import, and rarely wanted

    try:
        return metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "(a checkout that is not installed)"
