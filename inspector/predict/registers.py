# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the pre-handler of a kprobe finds in its registers."""

from __future__ import annotations

from inspector.model.evidence import Evidence
from inspector.model.kprobe import Mechanism
from inspector.model.probe_answer import HandlerRegister
from inspector.model.probe_site import Body, ProbeSite

_MINUS_ONE = (1 << 64) - 1
_ARGUMENTS = ("di", "si", "dx", "cx", "r8", "r9")
_HANDLER = "__x64_sys_"
_FRAME = Evidence("handler-di-entry-frame", "the task's syscall frame, a struct pt_regs *")
_NUMBER = Evidence("handler-syscall-number", "the syscall number")
_AX = Evidence("handler-ax", "the live rax: what the code before left there")
_IP = Evidence("handler-ip", "the probed address + 1, in the pre-handler")
_ZERO = Evidence("handler-orig-ax-zero", "ftrace_regs_caller stores a constant 0")
_STALE = Evidence(
    "handler-orig-ax-stale", "ftrace_regs_caller never writes it: what the stack held before"
)
_ZERO_OR_STALE = Evidence(
    "handler-orig-ax-zero-or-stale", "0 from 5.5 on, stale before: not read which"
)
_BY_MECHANISM = Evidence(
    "handler-orig-ax-by-mechanism", "by the mechanism: 0 by ftrace, -1 by int3"
)
_PUSHED = Evidence(
    "handler-orig-ax-minus-one", "the int3 entry pushes it, and an optimised probe sets it too"
)
_CHANGED = Evidence(
    "handler-live", "live: the arguments only where the code before has not changed them"
)
_ARGUMENT = Evidence("handler-arguments", "the function's arguments, by the C calling convention")

# function → what its first arguments are; do_syscall_64 had them in this order while it
# could be probed.
_KNOWN_ARGUMENTS = {
    "x64_sys_call": (_FRAME, _NUMBER),
    "do_syscall_64": (_NUMBER, _FRAME),
}


def handler_registers(site: ProbeSite, mechanism: Mechanism) -> tuple[HandlerRegister, ...]:
    """Of a probe that is accepted."""
    return (
        _orig_ax(site, mechanism),
        HandlerRegister("ax", None, _AX),
        HandlerRegister("ip", None if site.unsettled else site.address + 1, _IP),
        *_arguments(site),
    )


def arguments_stand(site: ProbeSite) -> bool:
    """Whether the registers still are what the function was called with."""
    if site.address == site.function.low:
        return True
    if not isinstance(site.body, Body):
        return False
    before = [i for i in site.body.instructions if i.address < site.address]
    return all(i.text.startswith(("endbr", "nop")) for i in before)


def _orig_ax(site: ProbeSite, mechanism: Mechanism) -> HandlerRegister:
    if mechanism is Mechanism.FTRACE:
        if site.features.ftrace_stores_zero is True:
            return HandlerRegister("orig_ax", 0, _ZERO)
        if site.features.ftrace_stores_zero is False:
            return HandlerRegister("orig_ax", None, _STALE)
        return HandlerRegister("orig_ax", None, _ZERO_OR_STALE)
    if mechanism is Mechanism.UNKNOWN:
        return HandlerRegister("orig_ax", None, _BY_MECHANISM)
    return HandlerRegister("orig_ax", _MINUS_ONE, _PUSHED)


def _arguments(site: ProbeSite) -> tuple[HandlerRegister, ...]:
    if not arguments_stand(site):
        names = ", ".join(_ARGUMENTS)
        return (HandlerRegister(names, None, _CHANGED),)
    name = site.asked.symbol
    known = (_FRAME,) if name.startswith(_HANDLER) else _KNOWN_ARGUMENTS.get(name, ())
    told = [HandlerRegister(r, None, why) for r, why in zip(_ARGUMENTS, known, strict=False)]
    rest = _ARGUMENTS[len(known) :]
    if not name.startswith(_HANDLER) and not known:
        told.append(HandlerRegister(", ".join(rest), None, _ARGUMENT))
    return tuple(told)
