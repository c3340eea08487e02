# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the kprobes of a kernel can do: told by symbols and by text, never by a version."""

from __future__ import annotations

from inspector.decoder import decode
from inspector.kernel.facts import fact
from inspector.kernel.text import function_at, section
from inspector.model.probe_site import KprobeFeatures, Unread
from inspector.target.target import Target

# movq $0, ORIG_RAX(%rsp) in ftrace_regs_caller, "ORIG_RAX is cleared": since 5.5. With the
# offset in one byte and in four; 8 more where the flags are still pushed below.
_STORES_ZERO = tuple(
    store
    for offset in (0x78, 0x80)
    for store in (
        b"\x48\xc7\x44\x24" + bytes([offset]) + bytes(4),
        b"\x48\xc7\x84\x24" + bytes([offset]) + bytes(3) + bytes(4),
    )
)
_FTRACE_CALLER_SIZE = 512
_UD1 = ", 0xb9"


def kprobe_features(target: Target) -> KprobeFeatures:
    """Of one target."""
    address_of = target.symbols.address_of
    thunks = section(target, "__indirect_thunk_start", "__indirect_thunk_end", "retpolines")
    retpolines = address_of("__x86_indirect_thunk_rax") is not None
    return KprobeFeatures(
        available=address_of("register_kprobe") is not None,
        on_ftrace=address_of("kprobe_ftrace_handler") is not None,
        optprobes=address_of("optprobe_template_entry") is not None,
        allowed=_flag(target, "kprobes_allow_optimization"),
        all_disarmed=_flag(target, "kprobes_all_disarmed"),
        emulates=address_of("kprobe_emulate_ifmodifiers") is not None,
        refuses_traps=_refuses_traps(target),
        # Since 6.6 jump tables are known not to exist where either is built in.
        indirect_jumps=thunks is not None or not (retpolines or skips_endbr(target)),
        thunks=thunks,
        ftrace_first=address_of("arch_check_ftrace_location") is not None,
        ftrace_stores_zero=_stores_zero(target),
        events_on_notrace=address_of("within_notrace_func") is None,
    )


def skips_endbr(target: Target) -> bool:
    """Whether arch_adjust_kprobe_addr() looks for ENDBR: CONFIG_X86_KERNEL_IBT, since 5.18."""
    return target.symbols.address_of("ibt_restore") is not None


def _refuses_traps(target: Target) -> bool | Unread:
    """Whether can_probe() compares with the opcode of UD1: is_exception_insn(), inlined."""
    address = target.symbols.address_of("can_probe")
    if address is None:
        return Unread("can_probe: no such symbol", "structure-unknown")
    _location, function = function_at(target, address)
    size = function.high - function.low
    text = fact("the text of can_probe", lambda: target.read(function.low, size))
    if isinstance(text, Unread):
        return text
    instructions = decode(text, function.low).instructions
    return any(i.text.startswith("cmp ") and i.text.endswith(_UD1) for i in instructions)


def _flag(target: Target, symbol: str) -> bool | Unread:
    address = target.symbols.address_of(symbol)
    if address is None:
        return False
    return fact(symbol, lambda: target.read(address, 1) != b"\0")


def _stores_zero(target: Target) -> bool | Unread:
    address = target.symbols.address_of("ftrace_regs_caller")
    if address is None:
        return Unread("ftrace_regs_caller: no such symbol", "structure-unknown")
    text = fact("the text of ftrace_regs_caller", lambda: target.read(address, _FTRACE_CALLER_SIZE))
    return text if isinstance(text, Unread) else any(store in text for store in _STORES_ZERO)
