# SPDX-License-Identifier: LGPL-2.1-or-later
from inspector.target.symbols import alias_rank


def test_the_syscall_tables_name_wins_over_its_aliases() -> None:
    aliases = [("__do_sys_fork", False), ("__ia32_sys_fork", True), ("__x64_sys_fork", True)]
    assert min(aliases, key=lambda alias: alias_rank(*alias))[0] == "__x64_sys_fork"


def test_a_global_wins_over_a_local_and_the_shorter_over_the_longer() -> None:
    assert alias_rank("zzz", True) < alias_rank("a", False)
    assert alias_rank("schedule", True) < alias_rank("schedule_alias", True)
