"""`python -m gpu_agent serve` runs the agent; `python -m gpu_agent eval CODEC.py` walks the road in the terminal.

`export` and `import` move whole experiments between labs.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys

from pydantic import ValidationError

from . import evaluate
from .archive import command as archive
from .logs import configure
from .settings import AgentSettings, settings_sentence
from .store import StoreError

WAKE_SECONDS = 1.0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="gpu_agent", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run the agent until it is told to stop")
    serve.add_argument("--port", type=int, help="port to listen on (default: CODEC_LAB_AGENT_PORT or 8787)")
    evaluate.add_parser(commands)
    archive.add_parsers(commands)
    options = parser.parse_args(arguments)
    if options.command == "eval":
        return evaluate.main(options)
    if options.command in ("export", "import"):
        return archive.main(options)
    return run(options.port)


def run(port: int | None) -> int:
    """Serve until SIGTERM or SIGINT, then put a running experiment back into the queue and leave."""
    from .server.app import Agent, AlreadyRunning

    try:
        settings = AgentSettings() if port is None else AgentSettings(agent_port=port)
    except ValidationError as e:
        print(settings_sentence(e), file=sys.stderr)
        return 2
    configure(settings.log_level)
    asked = listen(signal.SIGTERM, signal.SIGINT)
    try:
        agent = Agent(settings)
    except (AlreadyRunning, StoreError) as e:
        print(e, file=sys.stderr)
        return 1
    except OSError as e:
        print(cannot_start(settings, e), file=sys.stderr)
        return 1
    agent.start()
    while not select.select([asked], [], [], WAKE_SECONDS)[0]:
        pass
    agent.stop()
    return 0


def listen(*numbers: signal.Signals) -> int:
    """A pipe that becomes readable when one of the signals came.

    Not an Event: its lock may be held by the very thread that the handler interrupts. And whoever waits must wake by
    himself now and then, because the system may give the signal to another thread, and Python's handler runs only in
    the main one.
    """
    read, write = os.pipe()
    for number in numbers:
        signal.signal(number, lambda *_: os.write(write, b"."))
    return read


def cannot_start(settings: AgentSettings, error: OSError) -> str:
    if error.filename:
        return f"The agent cannot use {error.filename}: {error.strerror}. CODEC_LAB_DATA names another data folder."
    where = f"{settings.agent_host}:{settings.agent_port}"
    return f"The agent cannot listen on {where}: {error.strerror}. Choose another port."


if __name__ == "__main__":
    sys.exit(main())
