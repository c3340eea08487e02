# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Debian releases whose kernels the lab boots: plain data."""

from dataclasses import dataclass, replace

from labkit.errors import LabError


@dataclass(frozen=True, slots=True)
class Suite:
    name: str
    flavour: str  # of linux-image-FLAVOUR and linux-headers-FLAVOUR
    archives: tuple[str, ...]  # suites of the main archive, the release's own first
    security: str | None  # suite of the security archive
    memory_mib: int
    crashkernel_mib: int
    # From a function's symbol to the first instruction after its call of __fentry__,
    # where a probe is int3: 5; 9 where IBT puts ENDBR before the call.
    past_fentry: int

    @property
    def backports(self) -> str | None:
        """The archive that its kernel is of, where that is not the release's own."""
        last = self.archives[-1]
        return last if last.endswith("-backports") else None

    @property
    def recent(self) -> bool:
        """Whether QEMU 7.2 does not start its crash kernel, and makedumpfile 1.7.8 does not know it
        ("The kernel version is not supported"): Linux 7.2 and later."""
        return self.name in ("sid", "trixie-backports")

    @property
    def dump_level(self) -> int:
        """Of makedumpfile: without 8 and 2 where those would leave out live task_structs."""
        return 17 if self.recent else 31


# The cloud flavour, where every scenario can be played: NVMe and ext4 are built in, so that an
# initramfs needs no driver and no udev.
_CLOUD = (
    Suite(
        name="bullseye",
        flavour="cloud-amd64",
        archives=("bullseye",),
        security=None,  # its packages are gone from the mirrors
        memory_mib=512,
        crashkernel_mib=256,
        past_fentry=5,
    ),
    Suite(
        name="bookworm",
        flavour="cloud-amd64",
        archives=("bookworm", "bookworm-updates"),
        security="bookworm-security",
        memory_mib=512,
        crashkernel_mib=192,
        past_fentry=5,
    ),
    Suite(
        name="trixie",
        flavour="cloud-amd64",
        archives=("trixie", "trixie-updates"),
        security="trixie-security",
        memory_mib=512,
        crashkernel_mib=192,
        past_fentry=9,
    ),
    Suite(
        name="sid",
        flavour="cloud-amd64",
        archives=("sid",),
        security=None,
        memory_mib=768,
        crashkernel_mib=256,
        past_fentry=9,
    ),
    Suite(
        name="trixie-backports",
        flavour="cloud-amd64",
        archives=("trixie", "trixie-updates", "trixie-backports"),
        security="trixie-security",
        memory_mib=768,
        crashkernel_mib=256,
        past_fentry=9,
    ),
)


def _flavoured(suite: Suite, name: str, flavour: str) -> Suite:
    return replace(suite, name=f"{suite.name}-{name}", flavour=flavour)


# The other flavours: for the zoos, which need no disk.
_FLAVOURED = tuple(
    _flavoured(suite, name, flavour)
    for suite in _CLOUD
    if suite.name in ("bookworm", "trixie")
    for name, flavour in (("generic", "amd64"), ("rt", "rt-amd64"))
)
SUITES = {suite.name: suite for suite in (*_CLOUD, *_FLAVOURED)}
DEFAULT_SUITE = "bookworm"


def suite_named(name: str) -> Suite:
    try:
        return SUITES[name]
    except KeyError:
        raise LabError(f"no suite {name}; known: {', '.join(SUITES)}") from None
