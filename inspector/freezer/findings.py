# SPDX-License-Identifier: LGPL-2.1-or-later
"""From what a machine is to what is missing for what, and how to mend it. Pure."""

from __future__ import annotations

from inspector.model.freeze import Finding, HostFacts, Need, NoTracefs, State, Unseen

_ALL = (Need.LIVE, Need.MODULE, Need.TRACEFS, Need.HOLD)
_OUR_MODULE = (Need.MODULE, Need.HOLD)
_PROBES = (Need.MODULE, Need.TRACEFS, Need.HOLD)
_SIGNING = (
    "sign it with a key that the kernel trusts (DKMS does, with the machine owner's key: see"
    " docs/freeze.md)"
)
_TRACEFS = "use --via tracefs"


def findings(host: HostFacts) -> tuple[Finding, ...]:
    """Everything that was looked at, what is needed for most first."""
    return (
        _root(host),
        _lockdown(host),
        _kcore(host),
        _kprobes(host),
        _kprobes_enabled(host),
        _tracefs(host),
        _modules(host),
        _signatures(host),
        _module(host),
        _loaded(host),
        _cpus(host),
        _preempt_count(host),
        _realtime(host),
    )


def missing_for(need: Need, host: HostFacts) -> tuple[Finding, ...]:
    """What is known to be missing for ``need``."""
    return tuple(f for f in findings(host) if need in f.needs and f.state is State.MISSING)


def _root(host: HostFacts) -> Finding:
    if host.root:
        return Finding("root", _ALL, State.OK, "running as root")
    return Finding("root", _ALL, State.MISSING, "not running as root", "use sudo")


def _lockdown(host: HostFacts) -> Finding:
    """security/lockdown: integrity forbids unsigned modules, confidentiality kcore and kprobes."""
    if host.lockdown is Unseen.NOT_TOLD:
        text = "whether the kernel is locked down: securityfs is not mounted"
        return Finding("lockdown", _ALL, State.UNSEEN, text)
    if isinstance(host.lockdown, Unseen):
        return _unseen("lockdown", _ALL, "kernel lockdown", host.lockdown)
    if host.lockdown == "confidentiality":
        text = "the kernel is locked down (confidentiality): no kcore, no kprobes"
        return Finding("lockdown", _ALL, State.MISSING, text, "boot with lockdown=none")
    return Finding("lockdown", _ALL, State.OK, f"kernel lockdown: {host.lockdown}")


def _kcore(host: HostFacts) -> Finding:
    needs = (Need.LIVE, *_OUR_MODULE)
    if host.kcore is None:
        return Finding("kcore", needs, State.OK, "/proc/kcore can be read")
    if not host.root:
        return _unseen("kcore", needs, "/proc/kcore", Unseen.NOT_ROOT)
    text = f"/proc/kcore: {host.kcore}"
    return Finding(
        "kcore",
        needs,
        State.MISSING,
        text,
        "run outside of a container, on a kernel with CONFIG_PROC_KCORE",
    )


def _kprobes(host: HostFacts) -> Finding:
    if isinstance(host.kprobes, Unseen):
        return _unseen("kprobes", _PROBES, "kprobes", host.kprobes)
    if host.kprobes:
        return Finding("kprobes", _PROBES, State.OK, "the kernel has kprobes")
    text = "the kernel has no kprobes"
    return Finding("kprobes", _PROBES, State.MISSING, text, "use a kernel with CONFIG_KPROBES")


def _kprobes_enabled(host: HostFacts) -> Finding:
    name, found = "kprobes-enabled", host.kprobes_enabled
    if host.kprobes is False:
        return Finding(name, _PROBES, State.MISSING, "there are none to be armed")
    if found is Unseen.NOT_TOLD:
        text = "whether kprobes are armed: debugfs, where they are switched, is not mounted"
        return Finding(name, _PROBES, State.UNSEEN, text)
    if isinstance(found, Unseen):
        return _unseen(name, _PROBES, "whether kprobes are armed", found)
    if found:
        return Finding(name, _PROBES, State.OK, "kprobes are armed")
    mend = "echo 1 >/sys/kernel/debug/kprobes/enabled"
    return Finding(name, _PROBES, State.MISSING, "all kprobes are disarmed in debugfs", mend)


def _tracefs(host: HostFacts) -> Finding:
    needs = (Need.TRACEFS,)
    if isinstance(host.tracefs, Unseen):
        return _unseen("tracefs", needs, "tracefs", host.tracefs)
    if isinstance(host.tracefs, NoTracefs):
        return Finding("tracefs", needs, State.MISSING, host.tracefs.value, _MENDED[host.tracefs])
    return Finding("tracefs", needs, State.OK, f"kprobe events in {host.tracefs}")


_MENDED = {
    NoTracefs.NOT_BUILT: "use a kernel with CONFIG_KPROBE_EVENTS",
    NoTracefs.NOT_MOUNTED: "mount -t tracefs tracefs /sys/kernel/tracing",
    NoTracefs.NO_KPROBE_EVENTS: "use a kernel with CONFIG_KPROBE_EVENTS",
}


def _or_tracefs(host: HostFacts, *mends: str) -> str:
    """``mends``, and tracefs unless something else stops that too; "" where nothing is left."""
    checks = (_lockdown, _kprobes, _kprobes_enabled, _tracefs)
    works = all(check(host).state is not State.MISSING for check in checks)
    return ", or ".join([*mends, _TRACEFS] if works else mends)


def _modules(host: HostFacts) -> Finding:
    found = host.modules_disabled
    if found is Unseen.NOT_TOLD:
        text = "the kernel loads no modules (CONFIG_MODULES)"
        return Finding("modules", _OUR_MODULE, State.MISSING, text, _or_tracefs(host))
    if isinstance(found, Unseen):
        return _unseen("modules", _OUR_MODULE, "whether modules may be loaded", found)
    if not found:
        return Finding("modules", _OUR_MODULE, State.OK, "modules may be loaded")
    text = "kernel.modules_disabled is 1: no module may be loaded"
    return Finding("modules", _OUR_MODULE, State.MISSING, text, _or_tracefs(host, "reboot"))


def _signatures(host: HostFacts) -> Finding:
    found = host.signed_only
    if isinstance(found, Unseen) and found is Unseen.NOT_ROOT:
        return _unseen("signatures", _OUR_MODULE, "whether modules must be signed", found)
    locked = host.lockdown == "integrity"
    if found is not True and not locked:
        return Finding("signatures", _OUR_MODULE, State.OK, "unsigned modules are taken")
    why = "the kernel is locked down (integrity)" if locked else "module.sig_enforce is on"
    if host.installed_module:
        text = f"{why}: {host.installed_module} must be signed by a trusted key"
        mend = _or_tracefs(host, _SIGNING)
        return Finding("signatures", _OUR_MODULE, State.UNSEEN, text, mend)
    text = f"{why}: a module built here is refused"
    return Finding("signatures", _OUR_MODULE, State.MISSING, text, _or_tracefs(host, _SIGNING))


def _module(host: HostFacts) -> Finding:
    if host.installed_module:
        text = f"framefreeze is installed: {host.installed_module}"
        return Finding("module", _OUR_MODULE, State.OK, text)
    lacking = [*([] if host.headers else ["headers"]), *host.tools]
    if not lacking:
        return Finding("module", _OUR_MODULE, State.OK, f"it can be built with {host.headers}")
    text = f"the module cannot be built for {host.release}: no {', no '.join(lacking)}"
    return Finding("module", _OUR_MODULE, State.MISSING, text, _install(host, lacking))


def _install(host: HostFacts, lacking: list[str]) -> str:
    if "debian" in host.distribution:
        packages = [p if p != "headers" else f"linux-headers-{host.release}" for p in lacking]
        return f"sudo apt install {' '.join(packages)}"
    tools = [tool for tool in lacking if tool != "headers"]
    wanted = [f"the headers of {host.release} (kernel-devel, linux-headers)"] * (
        "headers" in lacking
    )
    return f"install {' and '.join([*wanted, *tools])}"


def _loaded(host: HostFacts) -> Finding:
    if not host.loaded:
        return Finding("not-loaded", _OUR_MODULE, State.OK, "framefreeze is not loaded")
    text = "framefreeze is loaded already: another freeze runs, or it was loaded by hand"
    return Finding("not-loaded", _OUR_MODULE, State.MISSING, text, "sudo rmmod framefreeze")


def _cpus(host: HostFacts) -> Finding:
    if host.cpus_online > 1:
        return Finding("cpus", (Need.HOLD,), State.OK, f"{host.cpus_online} CPUs")
    return Finding("cpus", (Need.HOLD,), State.MISSING, "one CPU: none is left for the reader", "")


def _preempt_count(host: HostFacts) -> Finding:
    name, needs, found = "preempt-count", (Need.HOLD,), host.preempt_count
    if isinstance(found, Unseen):
        return _unseen(name, needs, "whether the kernel counts preemption", found)
    if found:
        return Finding(name, needs, State.OK, "the kernel counts what disables preemption")
    text = "no CONFIG_PREEMPT_COUNT: a hold cannot tell whether the held code has a spinlock"
    return Finding(name, needs, State.MISSING, text, "use --force if you accept that risk")


def _realtime(host: HostFacts) -> Finding:
    name, needs, found = "realtime", (Need.HOLD,), host.realtime
    if isinstance(found, Unseen):
        return _unseen(name, needs, "whether the kernel is PREEMPT_RT", found)
    if not found:
        return Finding(name, needs, State.OK, "the kernel is not PREEMPT_RT")
    text = "CONFIG_PREEMPT_RT: a hold cannot tell whether the held code owns a lock"
    return Finding(name, needs, State.MISSING, text, "use --force if you accept that risk")


def _unseen(name: str, needs: tuple[Need, ...], what: str, why: Unseen) -> Finding:
    return Finding(name, needs, State.UNSEEN, f"{what}: {why.value}")
