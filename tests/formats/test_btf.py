# SPDX-License-Identifier: LGPL-2.1-or-later
"""BTF that fuzzing found to be taken badly: refused with an error of ours."""

import struct

import pytest
from drgn import Architecture, Platform, PlatformFlags, Program

from inspector.errors import TargetError
from inspector.formats.btf import BTF_MAGIC, Btf, Kind
from inspector.target.types import Converter


def one_type(kind: Kind, size: int) -> Converter:
    """BTF with one nameless type of ``size`` bytes."""
    types = struct.pack("<III", 0, kind << 24, size)
    header = struct.pack("<HBBIIIII", BTF_MAGIC, 1, 0, 24, 0, len(types), len(types), 1)
    prog = Program(Platform(Architecture.X86_64, PlatformFlags(3)))
    return Converter(prog, Btf(header + types + b"\0"))


@pytest.mark.parametrize("kind", [Kind.ENUM, Kind.ENUM64])
@pytest.mark.parametrize("size", [0, 3, 9, 1 << 31])
def test_an_enum_of_a_size_that_no_integer_has(kind: Kind, size: int) -> None:
    with pytest.raises(TargetError, match=str(size)):
        one_type(kind, size).type(1)
