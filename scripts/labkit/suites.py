"""The Debian releases whose kernels the lab boots: plain data."""

from dataclasses import dataclass

from labkit.errors import LabError


@dataclass(frozen=True, slots=True)
class Suite:
    name: str
    flavour: str  # of linux-image-FLAVOUR and linux-headers-FLAVOUR
    archives: tuple[str, ...]  # suites of the main archive
    security: str | None  # suite of the security archive
    memory_mib: int
    crashkernel_mib: int
    # From a function's symbol to the first instruction after its call of __fentry__,
    # where a probe is int3: 5; 9 where IBT puts ENDBR before the call.
    past_fentry: int


_SUITES = (
    Suite(
        name="bookworm",
        flavour="cloud-amd64",  # NVMe and ext4 are built in: no initrd tools needed
        archives=("bookworm", "bookworm-updates"),
        security="bookworm-security",
        memory_mib=512,
        crashkernel_mib=192,
        past_fentry=5,
    ),
)
SUITES = {suite.name: suite for suite in _SUITES}
DEFAULT_SUITE = "bookworm"


def suite_named(name: str) -> Suite:
    try:
        return SUITES[name]
    except KeyError:
        raise LabError(f"no suite {name}; known: {', '.join(SUITES)}") from None
