# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether QEMU may use KVM here: tried, never concluded from /dev/kvm being there."""

import subprocess

from labkit.emulator import Emulator

TCG = ("-accel", "tcg,thread=multi", "-cpu", "max,la57=off")
# All CPUs in one thread: with a thread each, one may still run text that another has changed
# (QEMU 7.2), and dies of an int3 that is no longer there.
ONE_THREAD = ("-accel", "tcg,thread=single", "-cpu", "max,la57=off")
# Every instruction takes one nanosecond of the guest's time, and its TSC counts those.
COUNTING = ("-accel", "tcg,thread=single", "-icount", "shift=0", "-cpu", "max,la57=off")
KVM = ("-accel", "kvm", "-cpu", "host")


def fastest(emulator: Emulator) -> tuple[str, ...]:
    """KVM when a machine without a disk starts and quits under it, else emulation.

    /dev/kvm can be opened and still refuse to make a vCPU; QEMU then aborts.
    """
    probe = [*emulator, *KVM, "-nodefaults", "-display", "none", "-monitor", "stdio"]
    try:
        status = subprocess.run(
            probe,
            check=False,
            input=b"quit\n",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=10,
        ).returncode
    except subprocess.TimeoutExpired:
        return TCG
    return TCG if status else KVM
