#!/bin/bash
# The same as ./lab deploy lambda
exec "$(dirname "$(readlink -f "$0")")/../../lab" deploy lambda "$@"
