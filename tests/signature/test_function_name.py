# SPDX-License-Identifier: LGPL-2.1-or-later
import pytest

from inspector.classify.signature import function_name
from inspector.model.stack import Location


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("vfs_read", "vfs_read"),
        ("count_memcg_events.constprop.0", "count_memcg_events"),
        ("arch_exit_to_user_mode_prepare.isra.0", "arch_exit_to_user_mode_prepare"),
        ("wait_consider_task.part.0.isra.0", "wait_consider_task"),
        ("ext4_get_inode_loc.cold", "ext4_get_inode_loc"),
        ("ext4_writepages.constprop.12.cold.77", "ext4_writepages"),
        ("tcp_ack.llvm.1234567890123456789", "tcp_ack"),
        ("do_one.lto_priv.3", "do_one"),
        ("__x64_sys_fork", "sys_fork"),
        ("__do_sys_fork", "sys_fork"),
        ("__se_sys_wait4", "sys_wait4"),
        ("__ia32_sys_wait4", "sys_wait4"),
        ("__ia32_compat_sys_ioctl", "compat_sys_ioctl"),
        ("not_a.suffix", "not_a.suffix"),
    ],
)
def test_what_compilers_and_versions_add_is_taken_away(symbol: str, name: str) -> None:
    assert function_name(Location(0xFFFFFFFF81000123, symbol, 0x123)) == name


def test_a_module_is_part_of_the_name() -> None:
    location = Location(0xFFFFFFFFC0000123, "handler.cold", 0x13, "framefreeze")
    assert function_name(location) == "handler [framefreeze]"
