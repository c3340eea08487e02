# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every dump of dumps/, opened once: each kernel that this repository holds."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from inspector.kernel.kprobes import Kprobes
from inspector.kernel.tasks import Tasks
from inspector.model.evidence import Missings
from inspector.model.task import Task
from inspector.target.open import open_core, target_of
from inspector.target.spec import TargetKind, TargetSpec
from inspector.target.target import Target

DUMPS = Path(__file__).resolve().parents[2] / "dumps"
NAMES = sorted(path.stem for path in DUMPS.glob("*.vmcore"))


@cache
def opened(name: str) -> Target:
    spec = TargetSpec(TargetKind.CORE, str(DUMPS / f"{name}.vmcore"))
    prog, identity = open_core(spec)
    return target_of(prog, identity, spec)


@cache
def tasks_in(name: str) -> tuple[Task, ...]:
    missing = Missings()
    found = tuple(Tasks(opened(name)).all(missing))
    assert not len(missing)
    return found


@pytest.fixture(scope="session", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Of the dump."""
    asked: str = request.param
    return asked


@pytest.fixture(scope="session")
def target(name: str) -> Target:
    return opened(name)


@pytest.fixture(scope="session")
def tasks(name: str) -> tuple[Task, ...]:
    """Every thread of that kernel but the idle tasks."""
    return tasks_in(name)


@pytest.fixture(scope="session")
def kprobes(target: Target) -> Kprobes:
    return Kprobes(target)


@pytest.fixture(scope="session")
def whole_text(name: str) -> tuple[str, ...]:
    """The functions whose text is in the dump, as the manifest has them."""
    dumps = json.loads((DUMPS / "manifest.json").read_text())["dumps"]
    of_it = [tuple(dump["text"]) for dump in dumps if dump["name"] == name]
    return of_it[0] if of_it else ()
