#!/bin/sh -eu
# SPDX-License-Identifier: LGPL-2.1-or-later
# In a root whose makedumpfile has zstd: /lab/whole at every level, into /lab/out.
for level in $(seq 0 31); do
	makedumpfile -z -d "$level" /lab/whole "/lab/out/$level"
done
