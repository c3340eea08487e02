# SPDX-License-Identifier: LGPL-2.1-or-later
"""``python -m inspector``."""

from __future__ import annotations

from inspector.cli.start import run

run()
