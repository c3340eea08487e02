# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector.probe/1``."""

from __future__ import annotations

import json

from inspector.model.kprobe import Mechanism
from inspector.model.probe_answer import (
    NumberWay,
    Optimisation,
    ProbeAnswer,
    Registration,
    Rename,
)
from inspector.model.snippet import SnippetKind
from inspector.render.json import header
from inspector.render.json_frame import (
    Json,
    evidence_list,
    location_object,
    missing_list,
    statement_object,
    word_object,
)


def probe_json(answer: ProbeAnswer, kind: SnippetKind | None, code: str | None) -> str:
    """The whole document; with the code of ``kind`` that was asked for, if any."""
    content = {
        **header("inspector.probe/1", answer.target, answer.kernel),
        "asked": answer.asked,
        "renamed": _rename(answer.renamed) if answer.renamed else None,
        "symbol": location_object(answer.location),
        "address": word_object(answer.address),
        **_registration(answer.registration),
        "mechanism": _mechanism(answer),
        "optimisation": _optimisation(answer.optimisation) if answer.optimisation else None,
        "kprobe_events": _registration(answer.events),
        "registers": [
            {
                "register": r.register,
                "value": word_object(r.value),
                "meaning": statement_object(r.meaning),
            }
            for r in answer.registers
        ],
        "syscall_number": [_way(way) for way in answer.ways],
        "snippet": {"kind": kind.value, "code": code} if kind else None,
        "notes": evidence_list(answer.notes),
        "missing": missing_list(answer.missing),
    }
    return json.dumps(content, indent=2) + "\n"


def _rename(renamed: Rename) -> Json:
    return {
        "asked": renamed.asked,
        "found": renamed.found,
        "names": [{"name": name, "since": since or None} for name, since in renamed.steps],
    }


def _registration(registration: Registration) -> Json:
    return {
        "outcome": registration.outcome.value,
        "errno": registration.errno,
        "evidence": evidence_list(registration.evidence),
    }


def _mechanism(answer: ProbeAnswer) -> Json | None:
    if answer.mechanism is None:
        return None
    known = answer.mechanism is not Mechanism.UNKNOWN
    return {
        "name": answer.mechanism.value if known else None,
        "evidence": evidence_list(answer.mechanism_evidence),
    }


def _optimisation(optimisation: Optimisation) -> Json:
    return {
        "possible": optimisation.possible.value,
        "allowed": optimisation.allowed,
        "evidence": evidence_list(optimisation.evidence),
    }


def _way(way: NumberWay) -> Json:
    return {
        "name": way.name,
        "how": way.how,
        "works": way.works.value,
        "here": way.here,
        "evidence": evidence_list((way.evidence,)),
    }
