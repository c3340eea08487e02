# SPDX-License-Identifier: LGPL-2.1-or-later
"""A function's name without what compilers and kernel versions add to it."""

from __future__ import annotations

import re

from inspector.model.symbol import Location

# What gcc and clang append to a clone, a cold part, a function made global by LTO or one
# whose signature they changed; several may follow each other.
_SUFFIX = re.compile(
    r"(?:\.(?:isra|constprop|part|cold|lto_priv|localalias|llvm|ipa_ra|clone|cfi|cfi_jt|unlikely)"
    r"(?:\.\w+)*)+$"
)

# One syscall is several functions that call each other, or are inlined into each other, or share
# an address, by version and compiler (arch/x86/include/asm/syscall_wrapper.h).
_SYSCALL = re.compile(r"^__(?:x64|ia32|x32|do|se)_(?P<compat>compat_)?sys_")


def function_name(location: Location) -> str:
    """``vfs_read``, ``sys_fork``, ``handler [module]``: no offset, no suffix."""
    name = _SUFFIX.sub("", location.symbol)
    name = _SYSCALL.sub(lambda found: f"{found['compat'] or ''}sys_", name)
    return f"{name} [{location.module}]" if location.module else name
