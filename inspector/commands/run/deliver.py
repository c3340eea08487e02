# SPDX-License-Identifier: LGPL-2.1-or-later
"""An answer on its way to a file, or to standard output."""

from __future__ import annotations

from pathlib import Path

from inspector.commands.session import Session
from inspector.distill.whole import whole_file
from inspector.render.safe import safe


def deliver(session: Session, text: str, file: Path | None) -> None:
    """Write ``text``; a file appears whole or not at all, and a line says how large it is."""
    if file is None:
        session.out.write(text)
        return
    content = text.encode("utf-8", "backslashreplace")
    with whole_file(file) as written:
        written.write(content)
    session.out.write(f"{safe(str(file))}: {len(content):,} bytes\n")
