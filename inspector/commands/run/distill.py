# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector distill``: the answer."""

from __future__ import annotations

from pathlib import Path

from inspector.commands.session import Session
from inspector.commands.status import Status, status_of
from inspector.distill import distill
from inspector.full_report import read_everything
from inspector.render.incomplete_text import incomplete_text
from inspector.render.safe import safe
from inspector.survey import Survey


def run(session: Session, core: Path, small: Path, vmlinux: Path | None) -> Status:
    """Write ``small``, and say how large it became and what it holds."""
    with session.progress() as step:
        step(f"opening {core}")
        made = distill(core, small, lambda target: read_everything(Survey(target), step), vmlinux)
    session.out.write(f"{safe(str(small))}: {made.size:,} bytes, of {made.core_size:,}\n")
    for size in made.kinds:
        session.out.write(f"{size.stored:>14,}  {size.kind.value} ({size.pages:,} pages)\n")
    for missing in made.incomplete:
        session.err.write(f"inspector: not read: {incomplete_text(missing)}\n")
    return status_of(True, made.incomplete)
