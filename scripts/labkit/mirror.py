# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the packages come from: the mirror that this machine's apt uses, on its terms."""

import shutil
import subprocess
from collections.abc import Sequence

# A mirror that was frozen on purpose serves expired lists; its user has set these.
_TERMS = ("Acquire::Check-Valid-Until", "Acquire::Check-Date")


def apt_sources(archives: Sequence[str], security: str | None = None) -> list[str]:
    """sources.list lines for these suites; none when apt knows no Debian mirror.

    mmdebstrap then takes its own default.

    :param security: the suite of the security archive
    """
    listing = _lines("apt-get", "indextargets", "--format", "$(LABEL)\t$(REPO_URI)")
    uris = dict(line.split("\t") for line in sorted(listing))
    if "Debian" not in uris:
        return []
    lines = [f"deb {uris['Debian']} {archive} main" for archive in archives]
    if security and "Debian-Security" in uris:
        lines.append(f"deb {uris['Debian-Security']} {security} main")
    return lines


def apt_options() -> list[str]:
    """apt.conf lines: what this machine has set of the terms."""
    return _lines("apt-config", "dump", "--no-empty", "--format", '%f "%v";%n', *_TERMS)


def _lines(*argv: str) -> list[str]:
    if shutil.which(argv[0]) is None:
        return []
    output = subprocess.run(
        argv,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ).stdout
    return output.splitlines()
