"""`./lab`: everything a first start needs, then the agent, the lab and the autopilot until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from pathlib import Path

from infra.launcher import packages, ports, scope
from infra.launcher.environment import Environment, clean_environment
from infra.launcher.service import Service
from infra.launcher.supervisor import Stopped, Supervisor
from infra.launcher.terminal import say

LOOPBACK = "127.0.0.1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Defaults come from the same variables that the lab and the agent read."""
    env = os.environ.get
    parser.add_argument("--port", type=port, default=env("CODEC_LAB_APP_PORT", "8501"), help="of the lab (8501)")
    parser.add_argument(
        "--agent-port", type=port, default=env("CODEC_LAB_AGENT_PORT", "8787"), help="of the agent (8787)"
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=env("CODEC_LAB_DATA", "~/.local/share/codec-lab"),
        metavar="FOLDER",
        help="where everything local is kept (~/.local/share/codec-lab)",
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--verbose", action="store_true", help="show the logs of all here as well")


def port(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{number} is no port; ports are 1 to 65535")
    return number


def up(root: Path, given: argparse.Namespace) -> int:
    """Run all until a signal; 0 then. Raises Problem for all that a person has to act on."""
    data = given.data.expanduser().absolute()
    claim = ports.Claim(data)
    ports.require_free(LOOPBACK, given.port, "the lab", "./lab --port")
    ports.require_free(LOOPBACK, given.agent_port, "the agent", "./lab --agent-port")
    packages.ensure_bubblewrap()
    python = Environment(root).ensure("requirements.txt")
    warning = packages.jail_problem()
    if warning:
        say(warning, error=True)
    agent, lab, autopilot = services(root, python, data, given)
    with Supervisor([agent, lab, autopilot]) as supervisor:
        try:
            supervisor.start()
            claim.describe(lab.url)
            say(f"Codec Lab is at {lab.url}")
            say(f"  agent {agent.url}, data and logs in {data}. Ctrl-C stops all.")
            if not given.no_browser and sys.stdout.isatty() and has_display():
                webbrowser.open(lab.url)
            supervisor.watch()
        except Stopped:
            say("\nStopping …")
    return 0


def services(root: Path, python: Path, data: Path, given: argparse.Namespace) -> tuple[Service, Service, Service]:
    """The agent, the lab and the autopilot, told of each other through their settings' environment variables."""
    environment = clean_environment() | {
        "CODEC_LAB_DATA": str(data),
        "CODEC_LAB_AGENT_HOST": LOOPBACK,
        "CODEC_LAB_AGENT_PORT": str(given.agent_port),
        "CODEC_LAB_AGENT_URL": f"http://{LOOPBACK}:{given.agent_port}",
        "CODEC_LAB_APP_HOST": LOOPBACK,
        "CODEC_LAB_APP_PORT": str(given.port),
        "PYTHONUNBUFFERED": "1",
    }
    logs = data / "logs"
    agent = Service(
        "agent", [*scope.delegated_scope(), str(python), "-m", "gpu_agent", "serve"], LOOPBACK, given.agent_port,
        "/health", root, environment, logs / "agent.log", echo=given.verbose,
    )  # fmt: skip
    lab = Service(
        "lab", [str(python), "-m", "app"], LOOPBACK, given.port,
        "/health", root, environment, logs / "lab.log", restarts=5, echo=given.verbose,
    )  # fmt: skip
    autopilot = Service(
        "autopilot", [str(python), "-m", "app.autopilot"], LOOPBACK, None,
        "", root, environment, logs / "autopilot.log", echo=given.verbose,
    )  # fmt: skip
    return agent, lab, autopilot


def has_display() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
