#!/bin/bash
# The same as ./lab deploy orchestrator
exec "$(dirname "$(readlink -f "$0")")/../../lab" deploy orchestrator "$@"
