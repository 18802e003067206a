#!/bin/bash
# The same as ./lab deploy destroy
exec "$(dirname "$(readlink -f "$0")")/../../lab" deploy destroy "$@"
