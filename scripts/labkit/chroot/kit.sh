#!/bin/sh -eu
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds what a guest needs, by the suite's own compiler, into /lab/out: the
# kernel, an initramfs for both of its boots, and what the kernel is called.
read -r release version </kernel/version
fs=/lab/initramfs
mkdir -p $fs/bin $fs/modules /lab/out

for module in framefreeze somebody framelab mishap emptyprobe; do
	make -C "/lib/modules/$release/build" M="/lab/$module" KCFLAGS=-Werror modules
	strip --strip-debug -o "$fs/modules/$module.ko" "/lab/$module/$module.ko"
done
cp $fs/modules/framefreeze.ko /lab/out/ # for a guest that lives, which may load it too
found() { find /kernel -name "$(echo "$1" | sed 's/[-_]/[-_]/g').ko*"; } # below lib or usr/lib
take() {
	case $(found "$1") in
	*.xz) busybox xz -dc "$(found "$1")" >"$fs/modules/$1.ko" ;;
	*) cp "$(found "$1")" "$fs/modules/$1.ko" ;;
	esac
}
take qemu_fw_cfg
# A module, if it is one, behind what it depends on; /modules/disk has them in that order.
for_the_disk() {
	[ "$(found "$1")" ] && ! grep -qx "$1" $fs/modules/disk || return 0
	take "$1"
	for other in $(tr '\0' '\n' <"$fs/modules/$1.ko" | sed -n 's/^depends=//p' | tr , ' '); do
		(for_the_disk "$other")
	done
	echo "$1" >>$fs/modules/disk
}
if [ "$(found nvme)" ]; then # the cloud flavour has it built in
	touch $fs/modules/disk
	for module in nvme crc32c_generic ext4; do for_the_disk $module; done
fi

gcc -O2 -Wall -Werror -static -o "$fs/bin/forker" /lab/guest/forker.c
for name in sleepers crowd; do # -pthread: a library apart until glibc 2.34
	gcc -O2 -Wall -Werror -static -pthread -o "$fs/bin/$name" "/lab/guest/$name.c" \
		/lab/guest/sleeping.c
done
gcc -O2 -Wall -Werror -static -pthread -o "$fs/bin/secrets" /lab/guest/secrets.c
gcc -O2 -Wall -Werror -static -o "$fs/bin/zoo" /lab/guest/zoo*.c
gcc -O2 -Wall -Werror -static -pthread -I/lab/framefreeze -o "$fs/bin/freezelab" \
	/lab/guest/freezelab*.c
cp "$(command -v busybox)" "$(command -v kexec)" "$(command -v makedumpfile)" $fs/bin/
ldd $fs/bin/kexec $fs/bin/makedumpfile | grep -o '[[:space:]]/[^ ]*' | sort -u |
	while read -r library; do
		mkdir -p "$fs${library%/*}"
		cp -L "$library" "$fs$library"
	done
cp /lab/guest/init $fs/init
chmod 755 $fs/init

cd $fs
find . | busybox cpio -o -H newc | gzip >/lab/out/initramfs
cp "$(find /kernel -name 'vmlinuz*' -type f)" /lab/out/vmlinuz # /boot; from 7 on lib/modules
printf '{"release": "%s", "version": "%s"}\n' "$release" "$version" >/lab/out/kernel.json
