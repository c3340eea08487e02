#!/bin/sh -eu
# SPDX-License-Identifier: LGPL-2.1-or-later
# In a root with DKMS and the headers of /lab/release: what `make dkms` makes of the module,
# into /lab/out. Nothing of it is left by `make dkms-remove`.
release=$(cat /lab/release)
make -C /lab/kmod dkms "KVER=$release"
dkms status >/lab/out/status
cp -R "/lib/modules/$release/updates" /lab/out/

make -C /lab/kmod dkms-remove
left=$(dkms status; find /usr/src /lib/modules /var/lib/dkms -name 'framefreeze*')
[ -z "$left" ] || {
	echo "dkms-remove left $left" >&2
	exit 1
}
