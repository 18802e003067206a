"""The journal of the lab's units to CloudWatch, line by line. The worker has no internet, and no agent's package then.

`journalctl` keeps where it was in a cursor file, so that nothing is lost or told twice over a restart.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import deque
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

CURSOR = "/var/lib/codec-lab-logs/cursor"
FOLLOW = ["journalctl", "--follow", "--output=json", "--unit=codec-lab-*", f"--cursor-file={CURSOR}", "--lines=0"]
SECONDS = 5.0
MAX_EVENTS, MAX_LINE = 500, 8_000
WAITING = 20_000


def event_of(line: str) -> dict[str, Any] | None:
    """A line of journalctl's JSON as an event of CloudWatch; None where there is no text in it."""
    try:
        entry = json.loads(line)
        text = entry["MESSAGE"]
        text = bytes(text).decode(errors="replace") if isinstance(text, list) else str(text)
        unit = entry.get("_SYSTEMD_UNIT", "").removesuffix(".service")
        return {"timestamp": int(entry["__REALTIME_TIMESTAMP"]) // 1000, "message": f"{unit}: {text}"[:MAX_LINE]}
    except (ValueError, KeyError, TypeError):
        return None


def send(logs: Any, group: str, stream: str, events: list[dict[str, Any]]) -> None:
    """CloudWatch takes events in order of time. Makes the stream where it is not there."""
    ordered = sorted(events, key=lambda event: event["timestamp"])
    try:
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=ordered)
    except logs.exceptions.ResourceNotFoundException:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=ordered)


def main() -> int:
    group = f"/{os.environ['PROJECT']}/{os.environ['ROLE']}"
    logs, stream = boto3.client("logs"), f"{os.uname().nodename}/{time.strftime('%Y-%m-%d')}"
    waiting: deque[dict[str, Any]] = deque(maxlen=WAITING)
    journal = subprocess.Popen(FOLLOW, stdout=subprocess.PIPE, text=True, errors="replace")

    def read() -> None:
        waiting.extend(event for line in journal.stdout if (event := event_of(line)))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    while reader.is_alive() or waiting:
        time.sleep(SECONDS)
        batch = [waiting.popleft() for _ in range(min(len(waiting), MAX_EVENTS))]
        try:
            if batch:
                send(logs, group, stream, batch)
        except (BotoCoreError, ClientError) as error:
            print(f"CloudWatch does not take the log: {type(error).__name__}", file=sys.stderr)
            waiting.extendleft(reversed(batch))
    return journal.wait()


if __name__ == "__main__":
    sys.exit(main())
