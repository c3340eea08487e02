# SPDX-License-Identifier: LGPL-2.1-or-later
"""What ``inspector doctor`` found."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.model.evidence import Evidence
from inspector.model.host import Finding
from inspector.model.kernel import KernelIdentity, TargetIdentity
from inspector.model.missing import Missing


@dataclass(frozen=True, slots=True)
class OpenedTarget:
    """A target that was asked for.

    :ivar kernel: None where it could not be opened
    :ivar stated: what it holds, or why it could not be opened
    :ivar missing: what could not be read in it
    """

    target: TargetIdentity | None
    kernel: KernelIdentity | None
    stated: Evidence
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Checkup:
    """:ivar opened: None where no target was asked for"""

    release: str
    build_id: str | None
    findings: tuple[Finding, ...]
    opened: OpenedTarget | None = None
