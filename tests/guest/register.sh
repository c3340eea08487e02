# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# For busybox's sh in a guest: asks register_kprobe() about places all over the kernel's text, one
# line each: SYMBOL+OFFSET, what write(2) of framefreeze's `add` said (empty: taken), and the
# flags that debugfs has of the probe.
insmod /modules/framefreeze.ko || exit 1

ask() {
	# shellcheck disable=SC2116 # what the redirected write itself says
	said=$(echo "add 0 $1" 2>&1 >/proc/framefreeze/control)
	flags=
	if [ -z "$said" ]; then
		flags=$(cut -d' ' -f5- /sys/kernel/debug/kprobes/list)
		echo "remove 0" >/proc/framefreeze/control || exit 1
	fi
	echo "PLACE $1|${said##*: }|$flags"
}

# shellcheck disable=SC2154 # the test sets $wanted
# Names that stand for one address only, evenly spread; every third one at its first byte.
awk -v wanted="$wanted" '
	$2 ~ /[tT]/ && NF == 3 && $3 !~ /^__pfx_/ { names[n++] = $3; seen[$3]++ }
	END {
		for (i = 0; i < wanted; i++) {
			name = names[int(i * n / wanted)]
			if (seen[name] == 1)
				print name "+" (i % 3 ? (i * 7) % 29 : 0)
		}
	}' /proc/kallsyms >/tmp/places
for name in do_syscall_64 entry_SYSCALL_64 exc_int3 asm_exc_page_fault vfs_read+1 register_kprobe; do
	echo "$name"
done >>/tmp/places
while read -r place; do
	ask "$place"
	echo "ASKED $place" >/dev/console
done </tmp/places
echo "ALL ASKED" >/dev/console
sleep 1
