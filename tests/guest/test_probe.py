# SPDX-License-Identifier: LGPL-2.1-or-later
"""Predictions against the kprobes that the guests' own kernels armed (debugfs kprobes/list)."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from drgn import SymbolBinding, SymbolKind

from inspector.facts.addresses import START_KERNEL_MAP
from inspector.queries.target import TargetSource, open_target_source
from inspector.target.spec import TargetKind, TargetSpec
from inspector.target.target import vmcoreinfo
from tests.conftest import Inspector
from tests.guest.answers_alike import compared, spread
from tests.guest.conftest import SUITES, Crash

HERE = Path(__file__).parent
FUNCTIONS = 3000
MODULES = START_KERNEL_MAP + (1 << 30)  # MODULES_VADDR with KASLR: 1 GB of image before it
ASKED = 320  # places in a kernel's text; those whose name stands twice are left out


def probed(inspector: Inspector, crash: Crash, place: str) -> dict[str, Any]:
    result = inspector("probe", "--core", crash.vmcore, place, "--format", "json")
    assert (result.returncode, result.stderr) == (0, "")
    told: dict[str, Any] = json.loads(result.stdout)
    assert told["missing"] == []
    return told


def test_a_probe_lands_where_the_kernel_put_it_and_by_the_mechanism_it_took(
    kernels: dict[str, Crash], inspector: Inspector
) -> None:
    for kernel in kernels.values():
        lands_where_the_kernel_put_it(kernel, inspector)


def lands_where_the_kernel_put_it(kernel: Crash, inspector: Inspector) -> None:
    armed = {known["address"]: known["flags"] for known in kernel.facts["kprobes"]}
    assert armed
    past_fentry = next(p for p in kernel.facts["probe_args"] if p.startswith("crash="))
    for place in ("_do_fork", past_fentry.removeprefix("crash=")):
        told = probed(inspector, kernel, place)
        flags = armed[told["address"]]
        assert told["outcome"] == "accepted"
        assert told["mechanism"]["name"] == ("ftrace" if "FTRACE" in flags else "int3")
        expected = "0x0" if "FTRACE" in flags else "0xffffffffffffffff"
        assert told["registers"][0]["value"] == expected


def test_the_popular_advice_is_refused_and_the_number_is_within_reach(
    kernels: dict[str, Crash], inspector: Inspector
) -> None:
    for kernel in kernels.values():
        refuses_the_advice(kernel, inspector)


def refuses_the_advice(kernel: Crash, inspector: Inspector) -> None:
    for place in ("do_syscall_64", "entry_SYSCALL_64"):
        told = probed(inspector, kernel, place)
        assert (told["outcome"], told["errno"]) == ("refused", "-EINVAL")
    works = {way["name"]: way["works"] for way in told["syscall_number"]}
    for way in ("entry-frame", "syscall-handler", "tracepoint"):
        assert works[way] == "accepted"
    assert works["do-syscall-64"] == "refused"


def test_a_distilled_dump_says_what_the_whole_one_says_or_that_it_is_not_there(
    kernels: dict[str, Crash], inspector: Inspector, tmp_path: Path
) -> None:
    for suite, kernel in kernels.items():
        small = tmp_path / suite
        made = inspector("distill", "--trim", kernel.vmcore, "-o", small, "--format", "json")
        assert made.returncode in (0, 3), made.stderr
        text = set(json.loads(made.stdout)["text"])
        with opened(kernel.vmcore) as whole, opened(small) as other:
            names = whole.target.symbols.functions() & other.target.symbols.functions()
            kept, different = compared(whole, other, spread(names & text, len(text)))
            assert different == []
            assert kept["equal"] >= 0.95 * sum(kept.values())
            assert kept["equal"] > 400
            counts, different = compared(whole, other, spread(names - text, FUNCTIONS))
            assert different == []
            assert counts["equal"] > 0.4 * FUNCTIONS


def test_the_symbols_of_the_image_stand_in_for_those_that_kallsyms_lacks(
    crash: Crash, vmlinux: Path, tmp_path: Path
) -> None:
    """As on a kernel without CONFIG_KALLSYMS_ALL: its own table has no variables."""
    with opened(crash.vmcore) as whole:
        names = functions_only(whole, tmp_path / "System.map")
        places = [("vfs_read", 0), ("kernel_clone", 0), *spread(names, 40)]
        for probe in whole.probes():
            if probe.location is not None and probe.location.module is None:
                places.append((probe.location.symbol, probe.location.offset))
        with opened(crash.vmcore, vmlinux, tmp_path / "System.map") as other:
            counts, different = compared(whole, other, places)
    assert different == []
    assert counts["equal"] == len(places)


def functions_only(whole: TargetSource, path: Path) -> set[str]:
    """Write a System.map of ``whole`` that has functions only; their names."""
    offset = int(vmcoreinfo(whole.target.prog)["KERNELOFFSET"], 16)
    letters = {SymbolBinding.GLOBAL: "T", SymbolBinding.WEAK: "W"}
    # Of several at one address the last one has its size.
    found = sorted(
        (symbol.address - offset, symbol.size, letters.get(symbol.binding, "t"), symbol.name)
        for symbol in whole.target.prog.symbols()
        if symbol.kind is SymbolKind.FUNC and START_KERNEL_MAP <= symbol.address < MODULES
    )
    path.write_text("".join(f"{at:016x} {letter} {name}\n" for at, _, letter, name in found))
    return {name for _, _, _, name in found}


def opened(
    core: Path, vmlinux: Path | None = None, system_map: Path | None = None
) -> AbstractContextManager[TargetSource]:
    spec = TargetSpec(TargetKind.CORE, str(core), vmlinux=vmlinux, system_map=system_map)
    return open_target_source(spec)


@pytest.mark.parametrize("suite", SUITES)
def test_register_kprobe_says_what_was_predicted(
    suite: str, lab: Callable[..., str], tmp_path: Path
) -> None:
    script = tmp_path / "script"
    script.write_text(f"wanted={ASKED}\n{(HERE / 'register.sh').read_text()}")
    predict = f"{sys.executable} {HERE / 'predicted.py'}"
    limit = ("--limit", "600")
    lab("script", script, "--suite", suite, "-o", tmp_path, *limit, "--when", "ALL ASKED", predict)
    predicted = json.loads((tmp_path / "predicted.json").read_text())
    told = dict(register_kprobe(tmp_path))
    assert told.keys() == predicted.keys()
    assert len(told) > ASKED * 0.9
    decided = {place: said for place, said in predicted.items() if said["outcome"] != "unknown"}
    assert len(decided) >= 0.95 * len(told)
    wrong = {
        place: (said, told[place]) for place, said in decided.items() if differs(said, told[place])
    }
    assert wrong == {}
    assert {said["errno"] for said in decided.values()} >= {None, "-EINVAL", "-EILSEQ"}
    assert {said["mechanism"] for said in decided.values()} == {None, "int3", "ftrace"}


# As busybox says it, by the C library's words.
ERRORS = {os.strerror(number): f"-{errno.errorcode[number]}" for number in errno.errorcode}


def register_kprobe(directory: Path) -> list[tuple[str, tuple[str | None, bool]]]:
    """Place, the kernel's error, and whether ftrace serves the probe that it took."""
    told = []
    for line in (directory / "result").read_text().splitlines():
        if line.startswith("PLACE "):
            place, said, flags = line.removeprefix("PLACE ").split("|")
            told.append((place, (ERRORS[said] if said else None, "[FTRACE]" in flags)))
    return told


def differs(said: dict[str, Any], told: tuple[str | None, bool]) -> bool:
    if said["outcome"] == "refused":
        return bool(said["errno"] != told[0])
    return told[0] is not None or (said["mechanism"] == "ftrace") is not told[1]
