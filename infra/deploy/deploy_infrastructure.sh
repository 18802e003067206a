#!/bin/bash
# The same as ./lab deploy infrastructure
exec "$(dirname "$(readlink -f "$0")")/../../lab" deploy infrastructure "$@"
