# PHASE: encode
# EXPECT: exception_start
# WHY: leaving during the import is no success, whatever the exit code
import sys

sys.exit(0)
