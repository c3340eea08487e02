# SPDX-License-Identifier: LGPL-2.1-or-later
"""The loaded modules, by the list ``modules`` (kernel/module/main.c)."""

from __future__ import annotations

from drgn import Object
from drgn.helpers.linux.module import module_address_regions

from inspector.errors import InspectorError
from inspector.kernel.taint import taints_of
from inspector.model.escape import escape_bytes
from inspector.model.machine import LoadedModule
from inspector.target.faults import reading
from inspector.target.modules import each_module
from inspector.target.target import Target


def loaded_modules(target: Target) -> tuple[LoadedModule, ...]:
    """Every module, the one loaded last first.

    :raises Unreadable: if the list is not whole
    """
    if target.symbols.address_of("modules") is None:
        return ()  # built without CONFIG_MODULES
    with reading("the list of modules"):
        return tuple(_module(target, module) for module in each_module(target.prog))


def _module(target: Target, module: Object) -> LoadedModule:
    regions = [(low, size) for low, size in module_address_regions(module) if size]
    return LoadedModule(
        escape_bytes(module.name.string_()),
        regions[0][0] if regions else 0,
        sum(size for _low, size in regions),
        taints_of(module.taints.value_()),
        _version(target, module),
    )


def _version(target: Target, module: Object) -> str:
    """``MODULE_VERSION``: lies in a page of its own, which a dump may lack."""
    address = module.version.value_() if target.has_member("struct module", "version") else 0
    if not address:
        return ""
    try:
        with reading("the version of a module"):
            return escape_bytes(module.version.string_())
    except InspectorError:
        return "(not in this target)"
