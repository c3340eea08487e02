# SPDX-License-Identifier: LGPL-2.1-or-later
"""Imported first by a script: goes on with the checkout's own Python, which is made if need be.

A Python of any virtual environment is left alone: somebody has chosen it.
"""

import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent

if sys.prefix == sys.base_prefix:
    made = subprocess.run([_ROOT / "scripts/venv", "test"], check=False)
    if made.returncode:
        sys.exit(made.returncode)
    python = str(_ROOT / ".venv/bin/python")
    os.execv(python, [python, *sys.argv])
