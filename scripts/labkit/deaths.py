# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a kernel is made to die of: plain data. guest/init and guest/mishap obey it."""

from collections.abc import Iterator
from dataclasses import dataclass

from labkit.suites import Suite

_DEVICE = "/dev/mishap"
_SYSCTL = "/proc/sys/kernel"


@dataclass(frozen=True, slots=True)
class Death:
    """One way to die.

    :ivar command: one line of shell, run once the kernel that saves the memory is loaded
    :ivar module: parameters of guest/mishap
    :ivar append: to the kernel's command line
    :ivar host: what the host does when the guest has said that it dies: "", "nmi", "mce"
    :ivar never: suite → why it cannot be played there
    """

    name: str
    summary: str
    command: str
    module: str = ""
    append: str = "oops=panic"
    host: str = ""
    never: tuple[tuple[str, str], ...] = ()

    def why_not(self, suite: Suite) -> str | None:
        """Why ``suite`` cannot die of it, or None where it can."""
        return dict(self.never).get(suite.name)


def _word(name: str, summary: str, word: str = "") -> Death:
    return Death(name, summary, f"echo {word or name} >{_DEVICE}")


def _null(place: str, summary: str) -> Death:
    return _word(f"null-{place}", f"NULL dereference {summary}", f"null {place}")


_NO_MCE = "built without CONFIG_X86_MCE"

# The six after the first eight are for every kernel; see tests/guest/test_deaths.py.
_DEATHS = (
    _word("null", "NULL dereference in a process"),
    _null("timer", "in a softirq, on the IRQ stack"),
    Death(
        "null-ipi",
        "NULL dereference in an IPI's handler, over an idle task",
        f"sleep 1; echo null ipi >{_DEVICE}",  # what freed the module's init text is done then
    ),
    _word("bug", "BUG()"),
    _word("overflow", "the task stack runs over: #DF"),
    Death(
        "soft-lockup",
        "a task keeps its CPU for too long",
        f"echo 1 >{_SYSCTL}/softlockup_panic; echo 1 >{_SYSCTL}/watchdog_thresh;"
        f" echo spin >{_DEVICE}",
        append="rcupdate.rcu_cpu_stall_suppress=1",
    ),
    _word("panic-irqs-off", "panic() with interrupts off"),
    _word("protection", "a non-canonical address: #GP"),
    Death(
        "null-init", "NULL dereference in a module's init function", "false", module="fault=null"
    ),
    _null("hrtimer", "in a timer's hard interrupt"),
    _null("device", "in a device's hard interrupt"),
    _null("kworker", "in a kernel thread's work"),
    _null("nmi", "in an NMI's handler"),
    _null("idle", "in the idle task, in no interrupt"),
    _null("kprobe", "in the handler of a kprobe"),
    _word("nested", "NULL dereference in a die notifier of a BUG()", "null notifier"),
    _word("list", "a corrupt list: BUG() in the list code"),
    _word("call-data", "a jump to data that may not be executed"),
    _word("call-null", "a call of NULL"),
    _word("guard", "the guard page below the task stack is written"),
    _word("divide", "a division by zero: #DE"),
    _word("int3", "an int3 that is nobody's"),
    Death(
        "warn",
        "a WARN with panic_on_warn",
        f"echo 1 >{_SYSCTL}/panic_on_warn; echo warn >{_DEVICE}",
    ),
    Death(
        "hung-task",
        "a task sleeps in state D for too long",
        f"echo 1 >{_SYSCTL}/hung_task_panic; echo 1 >{_SYSCTL}/hung_task_timeout_secs;"
        f" echo hang >{_DEVICE}",
    ),
    Death(
        "unknown-nmi",
        "an NMI from outside over a CPU that takes no interrupts, with unknown_nmi_panic",
        f"echo 1 >{_SYSCTL}/unknown_nmi_panic; taskset 1 sh -c 'echo deaf >{_DEVICE}'",
        append="nowatchdog rcupdate.rcu_cpu_stall_suppress=1",
        host="nmi",
    ),
    Death(
        "rcu-stall",
        "a task keeps its CPU out of RCU's quiescent states, with panic_on_rcu_stall",
        f"echo 1 >{_SYSCTL}/panic_on_rcu_stall; echo spin >{_DEVICE}",
        append="nowatchdog rcupdate.rcu_cpu_stall_timeout=3",
    ),
    Death(
        "rcu-stall-deaf",
        "as rcu-stall, with interrupts off: another CPU sees it",
        f"echo 1 >{_SYSCTL}/panic_on_rcu_stall; echo deaf >{_DEVICE}",
        append="nowatchdog rcupdate.rcu_cpu_stall_timeout=3",
    ),
    Death(
        "out-of-memory",
        "no memory is left, with panic_on_oom",
        "echo 1 >/proc/sys/vm/panic_on_oom; tail /dev/zero",
    ),
    Death("sysrq-c", "sysrq-c", "echo c >/proc/sysrq-trigger", append="sysrq_always_enabled"),
    Death(
        "survived",
        "an oops that is survived, then sysrq-c",
        f"sh -c 'echo null >{_DEVICE}'; echo c >/proc/sysrq-trigger",
        append="sysrq_always_enabled",
    ),
    Death(
        "machine-check",
        "a machine check, injected by QEMU",
        "while :; do :; done",
        append="mce=100000",
        host="mce",
        never=(("bullseye", _NO_MCE), ("bookworm", _NO_MCE)),
    ),
)
DEATHS = {death.name: death for death in _DEATHS}


def playable(suite: Suite) -> Iterator[Death]:
    for death in _DEATHS:
        if death.why_not(suite) is None:
            yield death
