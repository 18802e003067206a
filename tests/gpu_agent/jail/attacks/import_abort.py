# PHASE: decode
# EXPECT: crash_start
# WHY: a crash during the import is told as one
import os

os.abort()
