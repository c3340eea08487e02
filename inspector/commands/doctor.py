# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status
from inspector.commands.options import format_option, target_options, verbose_option
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.errors import InspectorError, NothingMatched
from inspector.model.evidence import Evidence
from inspector.model.freeze import Checkup, OpenedTarget, State

if TYPE_CHECKING:
    from inspector.queries.source import Source

EXAMPLES = (
    Example("inspector doctor", "What can be opened and frozen on this machine."),
    Example("inspector doctor -c vmcore", "Whether the dump can be opened, and what it holds."),
)


@click.command(
    "doctor",
    short_help="Check what can be opened and frozen here.",
    epilog=epilog(EXAMPLES),
)
@format_option("text", "json")
@verbose_option
@target_options
@click.pass_obj
def command(session: Session, *, target: TargetOptions, output: str) -> Status:
    """Check what can be opened here, what freeze would fail on, and how to mend it.

    Changes nothing and needs no root; lists what it could not see without root (exit status 3).
    With a TARGET: whether that can be opened, and what it holds.
    """
    from inspector.freezer.findings import findings
    from inspector.freezer.host import host_facts

    host = host_facts()
    opened = _opened(session, target) if target != TargetOptions() else None
    checkup = Checkup(host.release, host.build_id, findings(host), opened)
    if output == "json":
        from inspector.render.json_answers import doctor_json

        session.out.write(doctor_json(checkup))
    else:
        from inspector.render.text.doctor import DoctorText
        from inspector.render.text.screen import show

        show(DoctorText(checkup, session.sudo_line), session.out, verbose=session.verbose)
    unseen = any(finding.state is State.UNSEEN for finding in checkup.findings)
    partial = unseen or bool(opened and opened.missing)
    return Status.PARTIAL if partial else Status.WHOLE


def _opened(session: Session, target: TargetOptions) -> OpenedTarget:
    try:
        with session.source(target) as source:
            return _held(source)
    except InspectorError as error:
        return OpenedTarget(None, None, Evidence("target-not-opened", str(error)))


def _held(source: Source) -> OpenedTarget:
    tasks = [*source.tasks()]
    try:
        records = f"{len(source.hits())} records of framefreeze"
    except NothingMatched:
        records = "no records"
    held = Evidence("target-holds", f"{len(tasks)} tasks, {records}")
    return OpenedTarget(source.target_identity, source.kernel_identity, held, source.missing)
