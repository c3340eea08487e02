# SPDX-License-Identifier: LGPL-2.1-or-later
"""What doctor, freeze, probe, fleet and distill answer, as JSON documents."""

from __future__ import annotations

from inspector.model.distillate import WHY, Distillate, KeptRange
from inspector.model.fleet import Cell, ComparedSet, Comparison, FleetAnswer, FleetRun, FleetTable
from inspector.model.freeze import (
    Checkup,
    CommandEnd,
    Freeze,
    Held,
    Need,
    OpenedTarget,
    State,
    Traced,
    TracedHit,
)
from inspector.model.probe import (
    NumberWay,
    Optimisation,
    ProbeAnswer,
    Registration,
    Rename,
    SnippetKind,
)
from inspector.model.record import Mechanism, RecordProbe
from inspector.model.registers import Registers
from inspector.render.json import (
    Json,
    document,
    evidence_list,
    frame_object,
    header,
    kernel_object,
    location_object,
    missing_list,
    statement_object,
    target_object,
    word_object,
)


def doctor_json(checkup: Checkup) -> str:
    """``inspector.doctor/1``."""
    return document(
        {
            "schema": "inspector.doctor/1",
            "release": checkup.release,
            "build_id": checkup.build_id,
            "ready": {need.value: _ready(checkup, need) for need in Need},
            "findings": [
                {
                    "name": finding.name,
                    "needed_for": [need.value for need in finding.needs],
                    "state": finding.state.value,
                    "statement": statement_object(finding.stated),
                    "mend": finding.mend or None,
                }
                for finding in checkup.findings
            ],
            "opened": _opened(checkup.opened) if checkup.opened else None,
        }
    )


def _ready(checkup: Checkup, need: Need) -> bool | None:
    """Null where what was not seen might forbid it."""
    states = {finding.state for finding in checkup.findings if need in finding.needs}
    if State.MISSING in states:
        return False
    return None if State.UNSEEN in states else True


def _opened(opened: OpenedTarget) -> Json:
    return {
        "target": target_object(opened.target) if opened.target else None,
        "kernel": kernel_object(opened.kernel) if opened.kernel else None,
        "statement": statement_object(opened.stated),
        "missing": missing_list(opened.missing),
    }


def freeze_json(freeze: Freeze) -> str:
    """``inspector.freeze/1``."""
    return document(
        {
            **header("inspector.freeze/1", freeze.target, freeze.kernel),
            "probes": [_probe(probe) for probe in freeze.probes],
            "frames": [frame_object(frame) for frame in freeze.frames],
            "held": _held(freeze.held) if freeze.held else None,
            "command": command_object(freeze.command),
            "saved": freeze.saved,
            "missing": missing_list(freeze.missing),
        }
    )


def command_object(command: CommandEnd | None) -> Json | None:
    """How COMMAND ended, null where there was none."""
    if command is None:
        return None
    return {"words": list(command.words), "pid": command.pid, "status": command.status}


def _probe(probe: RecordProbe) -> Json:
    counts = probe.counts
    return {
        "name": probe.name,
        "address": word_object(probe.address),
        "mode": probe.mode.value,
        "returns": probe.returns,
        "hits": probe.hits,
        "missed": counts.missed if counts else None,
        "filtered": counts.filtered if counts else None,
        "recorded": counts.recorded if counts else None,
        "lost": counts.lost if counts else None,
        "held": counts.held if counts else None,
        "unheld": {why.name.lower(): n for why, n in counts.unheld.items()} if counts else {},
    }


def _held(held: Held) -> Json:
    return {
        "cpu": held.hold.cpu,
        "pid": held.hold.pid,
        "record": held.hold.record,
        "read_during": held.during,
        "frame": frame_object(held.frame),
        "entry": frame_object(held.entry) if held.entry else None,
    }


def traced_json(traced: Traced) -> str:
    """``inspector.traced/1``."""
    return document(
        {
            "schema": "inspector.traced/1",
            "kernel": {"release": traced.release, "arch": "x86_64", "build_id": traced.build_id},
            "events": [
                {
                    "place": event.place,
                    "returns": event.returns,
                    "entry_frame": event.entry,
                    "hits": event.hits,
                    "missed": event.missed,
                }
                for event in traced.events
            ],
            "hits": [_hit(hit) for hit in traced.hits],
            "overrun": traced.overrun,
            "command": command_object(traced.command),
        }
    )


def _hit(hit: TracedHit) -> Json:
    return {
        "place": hit.place,
        "where": hit.where,
        "mechanism": hit.mechanism.value,
        "task": {"pid": hit.pid, "comm": hit.comm},
        "cpu": hit.cpu,
        "seconds": hit.seconds,
        "registers": _registers(hit.registers),
        "entry": _registers(hit.entry) if hit.entry else None,
        "syscall": {"nr": hit.syscall.nr, "name": hit.syscall.name} if hit.syscall else None,
    }


def _registers(registers: Registers) -> Json:
    return {name: word_object(word) for name, word in registers.items()}


def probe_json(answer: ProbeAnswer, kind: SnippetKind | None, code: str | None) -> str:
    """``inspector.probe/1``; with the code of ``kind`` that was asked for, if any."""
    return document(
        {
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
    )


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


def fleet_answer_json(told: FleetAnswer) -> str:
    """``inspector.fleet-query/1``: answers about many dumps."""
    return document(
        {
            "schema": "inspector.fleet-query/1",
            "dataset": told.dataset,
            "answers": [_answer(one) for one in told.answers],
        }
    )


def _answer(one: FleetTable) -> Json:
    return {
        "question": one.name,
        "title": one.title,
        "columns": [{"name": column.name, "type": column.type} for column in one.columns],
        "rows": [[_cell(cell) for cell in row] for row in one.rows],
    }


def _cell(cell: Cell) -> object:
    return list(cell) if isinstance(cell, tuple) else cell


def fleet_run_json(run: FleetRun) -> str:
    """``inspector.fleet-run/1``."""
    return document(
        {
            "schema": "inspector.fleet-run/1",
            "dataset": run.dataset,
            "read_now": run.read_now,
            "dumps": [
                {
                    "dump": dump.dump,
                    "outcome": dump.outcome.value,
                    "error": dump.error,
                    "missing": dump.missing,
                }
                for dump in run.dumps
            ],
            "unfinished": [{"dump": path, "error": error} for path, error in run.unfinished],
        }
    )


def comparison_json(told: Comparison) -> str:
    """``inspector.fleet-compare/1``."""
    return document(
        {
            "schema": "inspector.fleet-compare/1",
            "left": _set_object(told.left),
            "right": _set_object(told.right),
            "changes": [
                {
                    "of": change.aspect,
                    "change": change.kind.value,
                    "what": change.item,
                    "left": change.left,
                    "right": change.right,
                }
                for change in told.changes
            ],
            "unknown": list(told.unknown),
        }
    )


def _set_object(one: ComparedSet) -> Json:
    return {"name": one.name, "dumps": one.dumps, "unread": one.unread}


def distillate_json(path: str, made: Distillate) -> str:
    """``inspector.distill/1``: the manifest of a small dump."""
    return document(
        {
            "schema": "inspector.distill/1",
            "path": path,
            "size": made.size,
            "core_size": made.core_size,
            "kinds": [
                {
                    "kind": size.kind.value,
                    "why": WHY[size.kind],
                    "pages": size.pages,
                    "stored": size.stored,
                }
                for size in made.kinds
            ],
            "taken_out": {kind.value: count for kind, count in made.taken_out.items()},
            "text": list(made.text),
            "ranges": [_range(one) for one in made.ranges],
            "missing": missing_list(made.missing),
        }
    )


def _range(one: KeptRange) -> dict[str, object]:
    return {
        "kind": one.kind.value,
        "low": f"{one.low:#x}",
        "high": f"{one.high:#x}",
        "space": "virtual" if one.virtual else "physical",
    }
