#!/bin/sh
# Runs bats in TAP for Meson, which shows standard error of a failed test but not what TAP says: so failures go there too.
bats --tap "$@" | awk '{ print; fflush() } /^(not ok|#)/ { print | "cat >&2" }'
