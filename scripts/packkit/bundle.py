# SPDX-License-Identifier: LGPL-2.1-or-later
"""One executable with the inspector, its dumps, and a Python to run them, by PyInstaller."""

import sys
import tempfile
from pathlib import Path

from labkit.command import run

from packkit.wheel import build_wheel

_ENTRY = Path(__file__).with_name("bundled.py")
_PYINSTALLER = "pyinstaller >= 6.10"
# Loaded by name, or read as files: not seen in the code.
_COLLECTED = (
    *("--collect-submodules=inspector", "--collect-data=inspector"),
    *("--collect-submodules=drgn", "--collect-submodules=_drgn_util"),
    *("--collect-submodules=rich._unicode_data", "--collect-binaries=capstone"),
    "--copy-metadata=frame-inspector",
)


def build_bundle(to: Path, log: Path) -> Path:
    """``to/inspector``, from a wheel of the checkout in an environment of its own."""
    with tempfile.TemporaryDirectory() as directory:
        base = Path(directory)
        wheel = build_wheel(base, log)
        run([sys.executable, "-m", "venv", str(base / "env")], log, limit=120)
        python = str(base / "env" / "bin" / "python")
        run([python, "-m", "pip", "install", "--quiet", str(wheel), _PYINSTALLER], log, limit=600)
        # The script, not -m: that would find the checkout first, in the current directory.
        argv = [str(base / "env" / "bin" / "pyinstaller"), "--log-level=WARN", *_COLLECTED]
        argv += [f"--distpath={to}", f"--workpath={base / 'work'}", f"--specpath={base}"]
        run([*argv, "--onefile", "--name=inspector", str(_ENTRY)], log, limit=900)
    return to / "inspector"
