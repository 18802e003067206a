#!/bin/bash
# The same as ./lab deploy first-experiment
exec "$(dirname "$(readlink -f "$0")")/../../lab" deploy first-experiment "$@"
