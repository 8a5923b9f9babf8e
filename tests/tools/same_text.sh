#!/bin/sh
# The output of a program is the committed file: same_text.sh FILE PROGRAM
set -eu
"$2" | diff -u "$1" -
