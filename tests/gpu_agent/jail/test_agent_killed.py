"""SIGKILL of the agent in the middle of a run: the jail dies with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.jail

AGENT = """
import json, os, sys
from gpu_agent.jail import Jail
from gpu_agent.jail.watchdog import tree
from gpu_agent.models import Limits
from tests.gpu_agent.jail.conftest import INFO

code = '''
import os, signal
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
def encode(video, rate):
    if os.fork() == 0:
        os.setsid()
        os.fork()
        while True:
            signal.pause()
    yield b"x"
    while True:
        signal.pause()
'''
tell = lambda packet: print(json.dumps([p for p in tree(os.getpid()) if p != os.getpid()]), flush=True)
Jail().encode(code, sys.argv[1], INFO, 1, Limits(), on_packet=tell)
"""


def alive(pid: int) -> bool:
    """Neither gone nor a zombie that waits for somebody else's init."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_killed_agent_leaves_no_process(jail, source):
    agent = subprocess.Popen(
        [sys.executable, "-c", AGENT, str(source)],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": "."},
    )
    pids = json.loads(agent.stdout.readline())
    assert len(pids) >= 3
    assert all(alive(pid) for pid in pids)
    agent.kill()
    agent.wait()
    agent.stdout.close()
    until = time.monotonic() + 10
    while any(alive(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.02)
    assert [pid for pid in pids if alive(pid)] == []
