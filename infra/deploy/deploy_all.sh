#!/bin/bash
# The same as ./lab deploy all
exec "$(dirname "$(readlink -f "$0")")/../../lab" deploy all "$@"
