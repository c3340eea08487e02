# SPDX-License-Identifier: LGPL-2.1-or-later
"""framefreeze, loaded while a block runs and never longer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from inspector.errors import FreezeError
from inspector.freezer.build import built_module
from inspector.freezer.control import Control
from inspector.freezer.findings import missing_for
from inspector.freezer.guard import guarded
from inspector.freezer.loading import load, load_installed, unload
from inspector.model.checkup import HostFacts, Need
from inspector.processes.signals import undisturbed


@dataclass(frozen=True, slots=True)
class RingSize:
    """:ivar slots: records that are kept
    :ivar slice_bytes: of stack in each
    """

    slots: int = 256
    slice_bytes: int = 2048

    @property
    def parameters(self) -> str:
        return f"ring_slots={self.slots} slice_bytes={self.slice_bytes}"


def check_host(host: HostFacts, need: Need, sudo_line: str) -> None:
    """Do nothing where ``need`` can be met.

    :raises FreezeError: naming what is missing first, and what to do
    """
    missing = missing_for(need, host)
    if not missing:
        return
    first = missing[0]
    if first.name == "root":
        raise FreezeError(f"only root may freeze: {sudo_line}")
    if first.name in ("preempt-count", "realtime"):
        return  # the module itself refuses, unless it is forced
    raise FreezeError(f"{first.text}: {first.mend}" if first.mend else first.text)


@contextmanager
def loaded_module(host: HostFacts, ring: RingSize) -> Iterator[Control]:
    """Build it where it must be, load it, and unload it whatever happens.

    :raises FreezeError: if it cannot be built or loaded; nothing is loaded then
    """
    installed = host.installed_module
    module = Path(installed) if installed else built_module(host)
    with guarded():
        (load_installed if installed else load)(module, ring.parameters)
        try:
            control = Control()
            try:
                yield control
            finally:
                control.close()
        finally:
            with undisturbed():
                unload()
