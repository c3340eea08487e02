# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the bundled executable runs."""

import os
import sys

# The bundle's own libraries are for itself, not for make, insmod and what freeze runs.
_BEFORE = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
os.environ.pop("LD_LIBRARY_PATH", None)
if _BEFORE is not None:
    os.environ["LD_LIBRARY_PATH"] = _BEFORE

from inspector.cli.start import run  # noqa: E402 - starts no program before this
from inspector.processes.isolated import BUNDLED, run_module  # noqa: E402

if sys.argv[1:2] == [BUNDLED]:
    sys.exit(run_module(sys.argv[2], sys.argv[3:]))
run()
