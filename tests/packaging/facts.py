# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run by the Python of a fresh environment: what the installed package is made of, as JSON."""

import hashlib
import json
import sys
from importlib.metadata import files
from pathlib import Path

import inspector
from inspector.freezer.loading import sources

json.dump(
    {
        "python": list(sys.version_info[:2]),
        "package": str(Path(inspector.__file__).parent),
        "prefix": sys.prefix,
        "sources": {s.name: hashlib.sha256(s.read_bytes()).hexdigest() for s in sources()},
        "files": [str(path) for path in files("frame-inspector") or ()],
    },
    sys.stdout,
)
