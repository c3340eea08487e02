# SPDX-License-Identifier: LGPL-2.1-or-later
"""``python -m inspector``."""

from inspector.cli.main import run

run()
