#!/bin/bash
# The same as ./lab deploy worker
exec "$(dirname "$(readlink -f "$0")")/../../lab" deploy worker "$@"
