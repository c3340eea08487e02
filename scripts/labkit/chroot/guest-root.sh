#!/bin/sh -eu
# SPDX-License-Identifier: LGPL-2.1-or-later
# In namespaces of its own, not in a chroot. $1: a suite's root.tar, $2: an empty
# directory, $3: where image and vmlinuz go, $4: the size of the file system, $5: where in the
# image it begins, $6: mkfs.ext4.
# The suite's root, to be booted.
tar -x -f "$1" -C "$2" --no-same-owner --exclude='./dev/*'
mkdir -p "$2/lab" "$2/opt/python" "$2/proc" "$2/sys" "$2/dev" "$2/tmp" "$2/run"
fw_cfg=$(find "$2/kernel" -name 'qemu_fw_cfg.ko*') # below lib or usr/lib
case $fw_cfg in
*.xz) "$2/bin/busybox" xz -dc "$fw_cfg" >"$2/qemu_fw_cfg.ko" ;;
*) cp "$fw_cfg" "$2/qemu_fw_cfg.ko" ;;
esac
cp "$(find "$2/kernel" -name 'vmlinuz*' -type f)" "$3/vmlinuz" # /boot; from 7 on lib/modules
read -r release version <"$2/kernel/version"
printf '{"release": "%s", "version": "%s"}\n' "$release" "$version" >"$3/kernel.json"
find "$2/kernel" -name 'config-*' -type f -exec cp {} "$2/boot/" ';'
rm -rf "$2/kernel" "$2"/var/cache/apt/* "$2"/var/lib/apt/lists/*
cat >"$2/lab-init" <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t sysfs sys /sys
# Since 6.12 a controller's namespaces are looked for all at once, and named as they are found.
namespace() {
	for told in /sys/block/nvme*/nsid; do
		disk=${told%/nsid}
		read -r number <"$told" && [ "$number" = "$1" ] && echo "/dev/${disk##*/}"
	done
}
/bin/busybox mount -t ext4 -o ro "$(namespace 2)" /opt/python &&
	/bin/busybox mount -t ext4 "$(namespace 3)" /lab && exec /lab/guest/init
INIT
chmod 755 "$2/lab-init"
truncate -s "$5" "$3/image"
"$6" -q -E "offset=$5" -d "$2" "$3/image" "$4"
