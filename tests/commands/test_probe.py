# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from inspector.kernel.probe_sites import CHAINS
from inspector.model.probe import parse_place
from tests.conftest import Inspector

KEYS = [
    "schema",
    "target",
    "kernel",
    "asked",
    "renamed",
    "symbol",
    "address",
    "outcome",
    "errno",
    "evidence",
    "mechanism",
    "optimisation",
    "kprobe_events",
    "registers",
    "syscall_number",
    "snippet",
    "notes",
    "missing",
]


def answer(inspector: Inspector, place: str, status: int) -> Any:
    result = inspector("probe", "--demo", place, "--format", "json")
    assert (result.returncode, result.stderr) == (status, "")
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("vfs_read", ("vfs_read", 0, None)),
        ("vfs_read+5", ("vfs_read", 5, None)),
        ("vfs_read+0x1f/0x310", ("vfs_read", 0x1F, None)),
        ("ext4:ext4_sync_fs+4", ("ext4_sync_fs", 4, "ext4")),
        ("__do_sys_x.cold", ("__do_sys_x.cold", 0, None)),
    ],
)
def test_places_are_read_as_kprobes_and_an_oops_write_them(text: str, place: object) -> None:
    parsed = parse_place(text)
    assert (parsed.symbol, parsed.offset, parsed.module) == place


@pytest.mark.parametrize("text", ["", "+5", "f+", "f-4", "f+x", "0x1234", "f g", "f\n", "é"])
def test_what_is_no_place_is_bad_usage_in_one_line(text: str, inspector: Inspector) -> None:
    result = inspector("probe", "--demo", text)
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1


def test_do_fork_finds_kernel_clone_and_says_when_it_was_renamed(inspector: Inspector) -> None:
    shown = inspector("probe", "--demo", "_do_fork").stdout
    for name in ("do_fork", "_do_fork", "4.2", "kernel_clone", "5.10"):
        assert name in shown
    for place in ("do_fork", "_do_fork"):
        told = answer(inspector, place, 0)
        assert (told["asked"], told["symbol"]) == (place, "kernel_clone")
        assert (told["outcome"], told["mechanism"]["name"]) == ("accepted", "ftrace")
        names = [(one["name"], one["since"]) for one in told["renamed"]["names"]]
        assert names[1:] == [("_do_fork", "4.2"), ("kernel_clone", "5.10")]


def test_the_document_is_that_of_the_contract(inspector: Inspector) -> None:
    told = answer(inspector, "kernel_clone", 0)
    assert list(told) == KEYS
    assert told["schema"] == "inspector.probe/1"
    assert told["mechanism"]["name"] == "ftrace"
    assert (told["optimisation"], told["errno"], told["renamed"]) == (None, None, None)
    for way in told["syscall_number"]:
        assert way["evidence"][0]["text"]


def test_a_refusal_is_a_whole_answer(inspector: Inspector) -> None:
    told = answer(inspector, "do_syscall_64", 0)
    assert (told["outcome"], told["errno"]) == ("refused", "-EINVAL")
    assert (told["mechanism"], told["registers"]) == (None, [])
    works = {way["name"]: way["works"] for way in told["syscall_number"]}
    assert (works["entry-frame"], works["do-syscall-64"]) == ("accepted", "refused")


def test_the_armed_int3_of_the_demo_is_told_with_minus_one(inspector: Inspector) -> None:
    told = answer(inspector, "__x64_sys_fork+5", 0)
    assert (told["outcome"], told["mechanism"]["name"]) == ("accepted", "int3")
    assert told["registers"][0]["value"] == "0xffffffffffffffff"
    assert told["missing"] == []


def test_what_a_small_dump_lacks_leaves_the_answer_open(inspector: Inspector) -> None:
    told = answer(inspector, "tcp_v4_rcv+4", 3)
    assert told["outcome"] == "unknown"
    assert {missing["rule"] for missing in told["missing"]} == {"not-in-dump"}
    assert any("tcp_v4_rcv" in missing["text"] for missing in told["missing"])


def test_every_shipped_dump_decides_in_the_functions_that_its_manifest_lists(
    root: Path, inspector: Inspector
) -> None:
    manifest = json.loads((root / "dumps/manifest.json").read_text())
    assert len(manifest["dumps"]) >= 4
    for dump in manifest["dumps"]:
        for name in ("__x64_sys_setuid", "__x64_sys_fork", "vfs_read"):
            assert name in dump["text"]
            told = inspector("probe", "--demo", "--dump", dump["name"], name, "--format", "json")
            said = json.loads(told.stdout)
            assert (told.returncode, said["outcome"]) == (0, "accepted")
            assert said["mechanism"]["name"] == "ftrace"


def test_a_name_that_no_function_has_names_near_ones(inspector: Inspector) -> None:
    result = inspector("probe", "--demo", "kernel_clon")
    assert (result.returncode, result.stdout) == (1, "")
    assert "kernel_clone" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_chains_of_names_are_ordered_and_share_none() -> None:
    names = [name for chain in CHAINS for name, _since in chain]
    assert len(names) == len(set(names))
    for chain in CHAINS:
        assert chain[0][1] == ""
        since = [tuple(map(int, release.split("."))) for _name, release in chain[1:]]
        assert since == sorted(since)


def test_the_text_fits_and_has_no_escapes(inspector: Inspector) -> None:
    for place in ("_do_fork", "__x64_sys_fork+5", "do_syscall_64", "vfs_read+4"):
        shown = inspector("probe", "--demo", place).stdout
        assert "\x1b" not in shown
        assert all(line == line.rstrip() and len(line) <= 100 for line in shown.splitlines())


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("tracefs", "'p:number/hit __x64_sys_fork+0x5 nr=+120(%di):s32"),
        ("bpftrace", "kprobe:__x64_sys_fork+5\n"),
        ("module", '.symbol_name = "__x64_sys_fork",\n\t.offset = 0x5,'),
    ],
)
def test_a_snippet_is_code_and_nothing_else(kind: str, expected: str, inspector: Inspector) -> None:
    shown = inspector("probe", "--demo", "__x64_sys_fork+5", "--snippet", kind)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert expected in shown.stdout
    told = inspector(
        "probe", "--demo", "__x64_sys_fork+5", "--snippet", kind, "--format", "json"
    ).stdout
    assert json.loads(told)["snippet"] == {"kind": kind, "code": shown.stdout}


def test_where_no_argument_leads_to_the_number_tracefs_joins_with_the_tracepoint(
    inspector: Inspector,
) -> None:
    code = inspector("probe", "--demo", "_do_fork", "--snippet", "tracefs").stdout
    assert "p:number/hit kernel_clone own_orig_ax" in code
    assert "raw_syscalls/sys_enter" in code
    assert "%di" not in code


@pytest.mark.parametrize("kind", ["tracefs", "bpftrace", "module"])
def test_there_is_no_snippet_for_a_probe_that_is_refused(kind: str, inspector: Inspector) -> None:
    result = inspector("probe", "--demo", "do_syscall_64", "--snippet", kind)
    assert (result.returncode, result.stdout) == (1, "")
    assert "-EINVAL" in result.stderr
