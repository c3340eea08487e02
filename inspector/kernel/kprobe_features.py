# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kprobe features of a kernel and its blacklist, from symbols and text."""

from __future__ import annotations

from drgn import Object
from drgn.helpers.linux.list import list_for_each_entry

from inspector.errors import InspectorError, TargetError
from inspector.facts.entry_points import FTRACE_REGS_CALLER
from inspector.formats.x86 import decode
from inspector.kernel.text import function_at, section
from inspector.model.evidence import Unread
from inspector.model.probe import Instruction, KprobeFeatures
from inspector.model.stack import TextRange
from inspector.target.faults import fact, reading, unread
from inspector.target.target import Target, variable

_MAX_ENTRIES = 100_000  # a longer list is a loop


# arch_within_kprobe_blacklist(), populate_kprobe_blacklist(), arch_populate_kprobe_blacklist()
_SECTIONS = (
    ("__kprobes_text_start", "__kprobes_text_end", ".kprobes.text"),
    ("__entry_text_start", "__entry_text_end", ".entry.text"),
    ("__noinstr_text_start", "__noinstr_text_end", ".noinstr.text"),
    ("__entry_trampoline_start", "__entry_trampoline_end", ".entry_trampoline"),
)


def in_forbidden_section(target: Target, symbol: str) -> bool:
    """Whether ``symbol`` lies in a section of text that takes no kprobes."""
    address = target.symbols.address_of(symbol)
    sections = (section(target, *names) for names in _SECTIONS)
    return address is not None and any(part is not None and address in part for part in sections)


class KprobeBlacklist:
    """The blacklist of one target.

    :ivar unread: why the list is not known as a whole, None where it is
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._sections = [s for names in _SECTIONS if (s := section(target, *names))]
        self._listed: list[TextRange] = []
        self.unread: Unread | None = None
        try:
            self._read()
        except InspectorError as error:
            self.unread = unread("kprobe_blacklist", error)

    def at(self, address: int) -> TextRange | Unread | None:
        """What forbids a kprobe at ``address``: within_kprobe_blacklist()."""
        for part in (*self._sections, *self._listed):
            if address in part:
                return part
        whole = self._whole_function(address)
        return whole or self.unread

    def _whole_function(self, address: int) -> TextRange | None:
        """A part that the compiler split off (``.cold``, ``.isra.0``) follows its function."""
        location = self._target.locate(address)
        if location is None or "." not in location.symbol:
            return None
        whole = self._target.symbols.address_of(location.symbol.partition(".")[0])
        if whole is None:
            return None
        return next((p for p in (*self._sections, *self._listed) if whole in p), None)

    def _read(self) -> None:
        head = variable(self._target, "kprobe_blacklist")
        if head is None:
            self.unread = Unread("kprobe_blacklist: no such symbol", "structure-unknown")
            return
        with reading("kprobe_blacklist"):
            pointer = Object(self._target.prog, "struct list_head *", value=head)
            entries = list_for_each_entry("struct kprobe_blacklist_entry", pointer, "list")
            for count, entry in enumerate(entries):
                if count > _MAX_ENTRIES:
                    self.unread = Unread("kprobe_blacklist: its list does not end", "list-loops")
                    return
                low, high = entry.start_addr.value_(), entry.end_addr.value_()
                name = self._target.locate(low)
                self._listed.append(TextRange(low, high, str(name) if name else f"{low:#x}"))


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


# can_probe() is static, and may be a part of what calls it.
_CAN_PROBE = ("can_probe", "arch_prepare_kprobe")


_LARGEST_SLOT = 64  # bytes; kernels have 15


def kprobe_features(target: Target) -> KprobeFeatures:
    """Of one target."""
    address_of = target.symbols.address_of
    thunks = section(target, "__indirect_thunk_start", "__indirect_thunk_end", "retpolines")
    retpolines = address_of("__x86_indirect_thunk_rax") is not None
    checks = fact("the text of can_probe", lambda: _can_probe(target))
    return KprobeFeatures(
        available=address_of("register_kprobe") is not None,
        on_ftrace=address_of("kprobe_ftrace_handler") is not None,
        optprobes=address_of("optimized_callback") is not None,
        allowed=_flag(target, "kprobes_allow_optimization"),
        all_disarmed=_flag(target, "kprobes_all_disarmed"),
        emulates=address_of("kprobe_emulate_ifmodifiers") is not None,
        refuses_traps=checks if isinstance(checks, Unread) else _refuses_traps(checks),
        refuses_cfi=_refuses_cfi(target, checks),
        slot_size=fact("kprobe_insn_slots", lambda: _slot_size(target)),
        # Since 6.6 jump tables are known not to exist where either is built in.
        indirect_jumps=thunks is not None or not (retpolines or skips_endbr(target)),
        thunks=thunks,
        ftrace_first=address_of("arch_check_ftrace_location") is not None,
        ftrace_stores_zero=_stores_zero(target),
        events_on_notrace=_events_on_notrace(target),
    )


def skips_endbr(target: Target) -> bool:
    """Whether arch_adjust_kprobe_addr() looks for ENDBR: CONFIG_X86_KERNEL_IBT, since 5.18."""
    return target.symbols.address_of("ibt_restore") is not None


def _can_probe(target: Target) -> tuple[Instruction, ...]:
    """The instructions of can_probe(), and of what it was inlined into.

    :raises TargetError: if there is no such function
    :raises Unreadable: if its text is not there
    """
    for name in _CAN_PROBE:
        address = target.symbols.address_of(name)
        if address is not None:
            _location, function = function_at(target, address)
            text = target.certain(function.low, function.high - function.low)
            return decode(text, function.low).instructions
    raise TargetError(f"no symbol {_CAN_PROBE[0]}")


def _refuses_traps(can_probe: tuple[Instruction, ...]) -> bool:
    """Whether can_probe() compares with the opcode of UD1: is_exception_insn(), inlined."""
    return any(i.text.startswith("cmp ") and i.text.endswith(_UD1) for i in can_probe)


def _refuses_cfi(target: Target, can_probe: tuple[Instruction, ...] | Unread) -> bool | Unread:
    """Whether can_probe() asks is_cfi_trap(): commit b65413768abd, 6.6."""
    asked = target.symbols.address_of("is_cfi_trap")
    if asked is None:
        return False
    return can_probe if isinstance(can_probe, Unread) else any(i.target == asked for i in can_probe)


def _slot_size(target: Target) -> int:
    """``MAX_INSN_SIZE``, as the cache of slots has it.

    :raises TargetError: if there is no such cache, or what it says is no size
    """
    address = variable(target, "kprobe_insn_slots")
    if address is None:
        raise TargetError("no symbol")
    with reading("kprobe_insn_slots"):
        cache = Object(target.prog, "struct kprobe_insn_cache", address=address)
        size = int(cache.insn_size.value_())
    if not 0 < size <= _LARGEST_SLOT:
        raise TargetError(f"{size} bytes are not an instruction slot")
    return size


def _events_on_notrace(target: Target) -> bool | Unread:
    """CONFIG_KPROBE_EVENTS_ON_NOTRACE, off where the check that it removes is there."""
    for name in ("within_notrace_func", "__within_notrace_func"):
        if target.symbols.address_of(name) is not None:
            return False
    # Where no symbol is left of it, the compiler may have inlined it.
    return Unread("within_notrace_func: no such symbol", "structure-unknown")


def _flag(target: Target, symbol: str) -> bool | Unread:
    def read() -> bool:
        address = variable(target, symbol)
        return address is not None and target.certain(address, 1) != b"\0"

    return fact(symbol, read)


def _stores_zero(target: Target) -> bool | Unread:
    address = target.symbols.address_of(FTRACE_REGS_CALLER)
    if address is None:
        return Unread("ftrace_regs_caller: no such symbol", "structure-unknown")
    text = fact("the text of ftrace_regs_caller", lambda: target.read(address, _FTRACE_CALLER_SIZE))
    return text if isinstance(text, Unread) else any(store in text for store in _STORES_ZERO)
