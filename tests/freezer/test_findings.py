# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a machine lacks, and how it is mended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from inspector.errors import FreezeError
from inspector.freezer.control import check_host
from inspector.freezer.findings import findings, missing_for
from inspector.freezer.host import build_id_of
from inspector.model.freeze import HostFacts, Need, NoTracefs, State, Unseen

READY = HostFacts(
    release="6.1.0-1-amd64",
    build_id="ab",
    distribution=frozenset(["debian"]),
    root=True,
    lockdown="none",
    signed_only=False,
    modules_disabled=False,
    kcore=None,
    kprobes=True,
    kprobes_enabled=True,
    tracefs="/sys/kernel/tracing",
    headers="/usr/src/headers",
    tools=(),
    installed_module=None,
    loaded=False,
    cpus_online=2,
    preempt_count=True,
    realtime=False,
)


def test_a_machine_that_has_everything_lacks_nothing() -> None:
    assert {finding.state for finding in findings(READY)} == {State.OK}
    for need in Need:
        assert missing_for(need, READY) == ()
        check_host(READY, need, "sudo inspector")


@pytest.mark.parametrize(
    ("host", "stopped", "mend"),
    [
        (replace(READY, root=False), set(Need), "sudo"),
        (replace(READY, lockdown="confidentiality"), set(Need), "lockdown=none"),
        (replace(READY, lockdown="integrity"), {Need.MODULE, Need.HOLD}, "sign it"),
        (replace(READY, signed_only=True), {Need.MODULE, Need.HOLD}, "DKMS"),
        (replace(READY, headers=None), {Need.MODULE, Need.HOLD}, "linux-headers-6.1.0-1-amd64"),
        (replace(READY, tools=("gcc",)), {Need.MODULE, Need.HOLD}, "apt install gcc"),
        (replace(READY, tracefs=NoTracefs.NOT_MOUNTED), {Need.TRACEFS}, "mount -t tracefs"),
        (replace(READY, loaded=True), {Need.MODULE, Need.HOLD}, "rmmod"),
        (replace(READY, kprobes_enabled=False), set(Need) - {Need.LIVE}, "kprobes/enabled"),
        (replace(READY, preempt_count=False), {Need.HOLD}, "--force"),
        (replace(READY, realtime=True), {Need.HOLD}, "--force"),
    ],
)
def test_what_is_missing_stops_what_needs_it_and_nothing_else(
    host: HostFacts, stopped: set[Need], mend: str
) -> None:
    assert {need for need in Need if missing_for(need, host)} == stopped
    (missing,) = {finding for need in Need for finding in missing_for(need, host)}
    assert mend in missing.mend


@pytest.mark.parametrize("changed", [{"modules_disabled": Unseen.NOT_TOLD}, {"signed_only": True}])
@pytest.mark.parametrize(
    ("stopped", "recommended"),
    [
        ({}, True),
        ({"tracefs": NoTracefs.NOT_BUILT}, False),
        ({"tracefs": NoTracefs.NOT_MOUNTED}, False),
        ({"tracefs": NoTracefs.NO_KPROBE_EVENTS}, False),
        ({"kprobes": False}, False),
        ({"kprobes_enabled": False}, False),
        ({"lockdown": "confidentiality"}, False),
    ],
)
def test_tracefs_is_recommended_only_where_it_works(
    changed: dict[str, Any], stopped: dict[str, Any], recommended: bool
) -> None:
    host = replace(READY, **changed, **stopped)
    of_module = [f for f in missing_for(Need.MODULE, host) if Need.TRACEFS not in f.needs]
    assert of_module
    assert any("--via tracefs" in found.mend for found in of_module) is recommended


@pytest.mark.parametrize("unseen", ["lockdown", "kprobes_enabled"])
def test_what_the_kernel_does_not_show_is_not_taken_for_well(unseen: str) -> None:
    changed: dict[str, Any] = {unseen: Unseen.NOT_TOLD}
    host = replace(READY, **changed)
    (found,) = (finding for finding in findings(host) if finding.state is not State.OK)
    assert found.state is State.UNSEEN


def test_an_installed_module_needs_no_headers() -> None:
    host = replace(READY, headers=None, tools=("gcc", "make"), installed_module="/x.ko")
    assert missing_for(Need.MODULE, host) == ()


def test_what_was_not_seen_is_neither_there_nor_missing() -> None:
    host = replace(READY, kprobes_enabled=Unseen.NOT_ROOT)
    (unseen,) = (finding for finding in findings(host) if finding.state is not State.OK)
    assert unseen.state is State.UNSEEN
    assert missing_for(Need.MODULE, host) == ()


def test_without_root_the_line_that_does_it_is_told() -> None:
    with pytest.raises(FreezeError, match="sudo /bin/inspector freeze x"):  # the line to type
        check_host(replace(READY, root=False), Need.MODULE, "sudo /bin/inspector freeze x")


def test_the_build_id_is_found_among_other_notes() -> None:
    def note(name: bytes, kind: int, content: bytes) -> bytes:
        head = b"".join(n.to_bytes(4, "little") for n in (len(name), len(content), kind))
        return head + name.ljust(-(-len(name) // 4) * 4, b"\0") + content

    notes = note(b"Xen\0", 3, b"\1\2\3\4") + note(b"Linux\0", 0x101, b"\0" * 4)
    assert build_id_of(notes) is None
    assert build_id_of(notes + note(b"GNU\0", 3, bytes(range(20)))) == bytes(range(20)).hex()
    assert build_id_of(notes[:17]) is None
