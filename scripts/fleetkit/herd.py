# SPDX-License-Identifier: LGPL-2.1-or-later
"""A directory of dumps: distillates that keep different things, and some that cannot be read."""

import gzip
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, combinations
from pathlib import Path

from inspector.distill.small import read_first_steps
from inspector.distill.source import Original
from inspector.model.distillate import SensitiveKind, Trim
from inspector.processes.whole_file import whole_file
from inspector.queries.distill import sensitive_places
from inspector.queries.report import read_everything
from inspector.queries.target import TargetSource

Kinds = frozenset[SensitiveKind]


@dataclass(frozen=True, slots=True)
class Herd:
    """:ivar source: of each readable dump, the name of the file that it was made of
    :ivar broken: why each of the others cannot be read
    """

    directory: Path
    source: dict[Path, str]
    broken: dict[Path, str]

    @property
    def all(self) -> set[Path]:
        return {*self.source, *self.broken}


def make_herd(
    directory: Path,
    sources: Sequence[Path],
    readable: int,
    told: Callable[[str], None] = lambda _line: None,
) -> Herd:
    """Distil ``sources`` in turn until there are ``readable`` different dumps; then break some.

    What an earlier call has made there is kept.

    :raises ValueError: if so many different ones cannot be made
    """
    directory.mkdir(parents=True, exist_ok=True)
    made: dict[Path, str] = {}
    seen: set[bytes] = set()
    for number, (source, taken_out, trimmed) in enumerate(_recipes([*map(_Read, sources)])):
        if len(made) == readable:
            break
        small = directory / f"{number:03}-{source.core.stem}.vmcore"
        if not small.exists():
            source.write(small, taken_out, trimmed)
        digest = sha256(small.read_bytes()).digest()
        if digest in seen:
            small.unlink()
            continue
        seen.add(digest)
        made[small] = source.core.name
        told(f"{len(made)} of {readable} dumps made")
    if len(made) < readable:
        raise ValueError(f"only {len(made)} different dumps can be made of {len(sources)}")
    return Herd(directory, made, _broken(directory, next(iter(made))))


class _Read:
    """A dump that was read once, as ``inspector distill`` reads it, to be written many times."""

    def __init__(self, core: Path) -> None:
        self.core = core
        self._original = Original(core)
        target = self._original.target(None)
        source = TargetSource(target)
        read_everything(source)
        calls = [call for task in source.tasks() for call in source.calls_of(task)]
        self._unwound = frozenset(call.pc - before for call in calls for before in (0, 1))
        self._places = sensitive_places(source)
        read_first_steps(target)

    def write(self, small: Path, taken_out: Kinds, trimmed: bool) -> None:
        with whole_file(small) as file:
            trim = Trim.ALL if trimmed else None
            self._original.write(file, self._places, taken_out, trim, self._unwound)


def _recipes(sources: Sequence[_Read]) -> Iterator[tuple[_Read, Kinds, bool]]:
    """Each source whole, then with one more kind of data taken out, each trimmed too."""
    kinds = [*SensitiveKind]
    some = chain.from_iterable(combinations(kinds, n) for n in range(len(kinds) + 1))
    for taken_out in map(frozenset, some):
        for trimmed in (False, True):
            for source in sources:
                yield source, taken_out, trimmed


def _broken(directory: Path, whole: Path) -> dict[Path, str]:
    content = whole.read_bytes()
    bad = {
        "cut-in-header": content[:300],
        "cut-after-header": content[:4096],
        "cut-in-half": content[: len(content) // 2],
        "cut-by-a-byte": content[:-1],
        "header-zeroed": bytes(4096) + content[4096:],
        "cut-in-signature": content[:4],
        "of-another-machine": content.replace(b"x86_64\0", b"riscv64", 1),
        "compressed": gzip.compress(content[: 1 << 20]),
        "a-program": Path("/bin/sh").read_bytes(),
        "a-text": b"[    0.000000] Linux version 6.1.0\n",
        "empty": b"",
    }
    made = {}
    for name, some in bad.items():
        path = directory / f"9-{name}.vmcore"
        path.write_bytes(some)
        made[path] = name
    pipe = directory / "0-pipe.vmcore"
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    made[pipe] = "a pipe"
    return made
