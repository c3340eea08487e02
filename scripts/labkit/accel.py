# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether QEMU may use KVM here: tried, never concluded from /dev/kvm being there."""

import subprocess

TCG = ("-accel", "tcg,thread=multi", "-cpu", "max,la57=off")
KVM = ("-accel", "kvm", "-cpu", "host")


def fastest(qemu: str) -> tuple[str, ...]:
    """KVM when a machine without a disk starts and quits under it, else emulation.

    /dev/kvm can be opened and still refuse to make a vCPU; QEMU then aborts.
    """
    probe = [qemu, *KVM, "-nodefaults", "-display", "none", "-monitor", "stdio"]
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
