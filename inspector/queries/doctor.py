# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector doctor``: the answer."""

from __future__ import annotations

from inspector.commands.failure import Status
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.errors import InspectorError, NothingMatched
from inspector.freezer.findings import findings
from inspector.freezer.host import host_facts
from inspector.model.checkup import Checkup, OpenedTarget, State
from inspector.model.evidence import Evidence
from inspector.render.json_answers import doctor_json
from inspector.render.text.doctor import DoctorText
from inspector.render.text.screen import show
from inspector.survey import Survey


def run(session: Session, target: TargetOptions, output: str) -> Status:
    """Look, and answer in the format ``output``."""
    checkup = checkup_of(session, target)
    if output == "json":
        session.out.write(doctor_json(checkup))
    else:
        show(DoctorText(checkup, session.sudo_line), session.out, verbose=session.verbose)
    unseen = any(finding.state is State.UNSEEN for finding in checkup.findings)
    partial = unseen or bool(checkup.opened and checkup.opened.missing)
    return Status.PARTIAL if partial else Status.WHOLE


def checkup_of(session: Session, target: TargetOptions) -> Checkup:
    """This machine, and the target that was asked for, if one was."""
    host = host_facts()
    asked = target != TargetOptions()
    opened = _opened(session, target) if asked else None
    return Checkup(host.release, host.build_id, findings(host), opened)


def _opened(session: Session, target: TargetOptions) -> OpenedTarget:
    try:
        with session.survey(target) as survey:
            return _held(survey)
    except InspectorError as error:
        return OpenedTarget(None, None, Evidence("target-not-opened", str(error)))


def _held(survey: Survey) -> OpenedTarget:
    tasks = [*survey.tasks()]
    try:
        records = f"{len(survey.hits())} records of framefreeze"
    except NothingMatched:
        records = "no records"
    held = Evidence("target-holds", f"{len(tasks)} tasks, {records}")
    return OpenedTarget(survey.target_identity, survey.kernel_identity, held, survey.missing)
