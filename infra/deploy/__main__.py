"""`./lab deploy …`: what was asked for, and the answer as an exit status (0 done, 1 a problem that was said)."""

from __future__ import annotations

import argparse
import getpass
import json
import re
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

from infra.launcher.terminal import Problem, say

from . import boxes, destroy, first, secret, signing, steps
from .aws import Aws, code, message

WORDS = """\
  all                from nothing to the first experiment (the default); again: what changed
  infrastructure     the stacks alone          lambda             dashboard and admin API alone
  worker             the agent onto its box    orchestrator       the lab onto its box
  first-experiment   two starter codecs through the whole system, and what they prove
  rollback BOX       the release before, again
  key                set the key for Claude (asked for, never an argument)
  sign-in FILE|off   who signs in behind a load balancer, from a file like secrets.toml
  tunnel             how to reach the lab      admin ACTION [ID]  the admin API
  destroy            delete what costs by the hour; --with-data: everything
"""
RESTART = [
    "systemctl try-restart codec-lab-orchestrator.service codec-lab-autopilot.service",
    "[ -e /opt/codec-lab/current ] || exit 0",
    "cd /opt/codec-lab/current",
    '"/opt/codec-lab/venvs/$(cat WHEELS)/bin/python" infra/boxes/healthy.py "$(cat PORT)" "$(cat BUILD)" || '
    "{ journalctl --unit codec-lab-orchestrator.service --lines 20 --no-pager --output cat >&2; exit 1; }",
]


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(
        prog="./lab deploy", epilog=f"words:\n{WORDS}", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Codec Lab on AWS. infra/README.md tells what it makes and what that costs.",
    )  # fmt: skip
    words = sorted(COMMANDS)
    p.add_argument("word", nargs="?", default="all", choices=words, metavar="word", help="what to do (default: all)")
    p.add_argument("more", nargs="*", help="what the word takes")
    p.add_argument("--project", default="v3", help="prefix of every name (default: v3)")
    p.add_argument("--region", help="AWS region (default: the profile's, else us-east-1)")
    p.add_argument("--dry-run", action="store_true", help="print every call, change nothing")
    p.add_argument("--yes", action="store_true", help="do not ask before making things that cost")
    p.add_argument("--email", help="where alarms and the budget's warnings go")
    p.add_argument("--budget", type=int, help="dollars a month at which the budget warns")
    p.add_argument("--worker-zone", choices=["a", "b"], help="the other zone, where one has no GPU machine free")
    p.add_argument("--nat", action=argparse.BooleanOptionalAction, help="a NAT gateway for the worker")
    p.add_argument("--nightly-stop", choices=["on", "off"], help="stop the worker at 3 each night, whatever it does")
    p.add_argument(
        "--bedrock", metavar="MODELS", help="Claude on Amazon Bedrock, these models (comma between); off: not"
    )
    p.add_argument("--bedrock-region", metavar="REGION", help="where Bedrock is asked (default: the lab's region)")
    p.add_argument(
        "--secret", metavar="NAME", help="a secret that holds the key for Claude already; own: the lab's own"
    )
    p.add_argument("--new-images", action="store_true", help="resolve the machine images again (replaces the boxes)")
    p.add_argument("--allow-replacement", action="store_true", help="let a change replace or remove a box, a table …")
    p.add_argument("--with-data", action="store_true", help="destroy: every experiment and video too")
    return p


def wishes(options: argparse.Namespace) -> steps.Wishes:
    network = {
        "AlarmEmail": options.email,
        "MonthlyBudget": options.budget,
        "WorkerZone": options.worker_zone,
        "EnableNat": None if options.nat is None else str(options.nat).lower(),
    }
    compute = {
        "NightlyStopState": {"on": "ENABLED", "off": "DISABLED"}.get(options.nightly_stop),
        "BedrockModels": models(options.bedrock) if options.bedrock else None,
        "BedrockRegion": options.bedrock_region,
    }
    return steps.Wishes(
        {k: str(v) for k, v in network.items() if v is not None},
        {k: v for k, v in compute.items() if v is not None},
        options.new_images,
        options.allow_replacement,
        options.secret,
    )


def models(text: str) -> str:
    """Model ids as Bedrock has them, from those that the lab shows; nothing for `off`. Raises Problem."""
    if text == "off":
        return ""
    names = [name.strip() for name in text.split(",")]
    if not all(re.fullmatch("[a-z0-9][a-z0-9.:-]*", name) for name in names):
        raise Problem("--bedrock takes the models' ids, as in claude-opus-5-5,claude-sonnet-5-5, or off.")
    return ",".join(f"anthropic.{name}" if name.startswith("claude-") else name for name in names)


def agreed(options: argparse.Namespace, question: str, word: str = "yes") -> None:
    """Raises Problem unless the person agrees, by --yes or by typing the word."""
    if options.dry_run or (options.yes and word == "yes"):
        return
    if not sys.stdin.isatty():
        raise Problem(
            f"{question} Nobody is there to answer; add --yes."
            if word == "yes"
            else f"{question} Run it on a terminal."
        )
    if input(f"{question} Type {word} to go on: ").strip() != word:
        raise Problem("Nothing was done.")


def everything(aws: Aws, options: argparse.Namespace) -> None:
    chosen = wishes(options)
    say(steps.estimate(aws, chosen))
    agreed(options, "Make this in your account?")
    steps.everything(aws, chosen)
    if aws.parameter("first-experiment") is None and (found := first.run(aws, steps.ROOT)):
        aws.set_parameter("first-experiment", found[0].id)


def infrastructure(aws: Aws, options: argparse.Namespace) -> None:
    chosen = wishes(options)
    say(steps.estimate(aws, chosen))
    agreed(options, "Make this in your account?")
    steps.infrastructure(aws, chosen)


def rollback(aws: Aws, options: argparse.Namespace) -> None:
    if options.more not in (["worker"], ["orchestrator"]):
        raise Problem("Say which box: ./lab deploy rollback worker, or orchestrator.")
    boxes.rollback(aws, options.more[0])


def key(aws: Aws, options: argparse.Namespace) -> None:
    given = (
        getpass.getpass("Key for Claude (not shown): ").strip() if sys.stdin.isatty() else sys.stdin.readline().strip()
    )
    if not given:
        raise Problem("No key was given; nothing was changed.")
    aws.write("secretsmanager", "put_secret_value", SecretId=secret.current(aws), SecretString=given)
    restart(aws)
    say("The key is kept in Secrets Manager, and the lab has it.")


def restart(aws: Aws) -> None:
    """The lab and the autopilot, with their settings read anew. Raises Problem where the lab does not answer then."""
    box = aws.needed("orchestrator/instance", "infrastructure")
    boxes.run(aws, box, RESTART, "Restarting the lab", seconds=300)


def sign_in(aws: Aws, options: argparse.Namespace) -> None:
    if len(options.more) != 1:
        raise Problem("Say who signs in: ./lab deploy sign-in FILE, or ./lab deploy sign-in off.")
    if options.more == ["off"]:
        if aws.parameter(signing.NAME) is not None:
            aws.write("ssm", "delete_parameter", Name=f"/{aws.project}/{signing.NAME}")
            restart(aws)
        say("Nobody signs in; the lab is reached through the tunnel alone.")
        return
    aws.set_parameter(signing.NAME, signing.environment(Path(options.more[0])), "SecureString")
    restart(aws)
    say("The lab asks for signing in. infra/README.md says how a load balancer reaches it.")


def admin(aws: Aws, options: argparse.Namespace) -> None:
    if not 1 <= len(options.more) <= 2:
        raise Problem("Say the action: ./lab deploy admin status, or rerun ID, cancel ID, start_worker, stop_worker, …")
    action, *ids = options.more
    call = {"action": action, "idempotency_key": f"cli-{secrets.token_hex(8)}", "actor": getpass.getuser()}
    call |= {"experiment_id": ids[0]} if ids else {}
    sent = aws.write("lambda", "invoke", FunctionName=f"{aws.project}-admin", Payload=json.dumps(call).encode())
    if aws.dry_run:
        return
    answer = json.loads(sent["Payload"].read())
    if sent.get("FunctionError") or not answer.get("ok"):
        raise Problem(answer.get("error", {}).get("message") or f"The admin API failed: {answer.get('errorMessage')}")
    say(json.dumps(answer["result"], indent=1))


def tear_down(aws: Aws, options: argparse.Namespace) -> None:
    agreed(options, f"Delete the boxes, the network and the dashboard of {aws.project} in {aws.region}?")
    if options.with_data:
        agreed(
            options, "Delete every experiment, video, decoder and release too, for good?", word=f"delete {aws.project}"
        )
    destroy.machines(aws)
    if options.with_data:
        destroy.data(aws)


COMMANDS = {
    "all": everything,
    "infrastructure": infrastructure,
    "lambda": lambda aws, options: steps.functions(aws, wishes(options)),
    "worker": lambda aws, options: boxes.deploy(aws, steps.ROOT, "worker"),
    "orchestrator": lambda aws, options: boxes.deploy(aws, steps.ROOT, "orchestrator"),
    "first-experiment": lambda aws, options: first.run(aws, steps.ROOT),
    "rollback": rollback,
    "key": key,
    "sign-in": sign_in,
    "tunnel": lambda aws, options: say(steps.tunnel(aws)),
    "admin": admin,
    "destroy": tear_down,
}


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        if not re.fullmatch("[a-z][a-z0-9-]{1,15}", options.project):
            raise Problem("A project's name has 2 to 16 lower-case letters, digits and hyphens.")
        region = options.region or boto3.session.Session().region_name or "us-east-1"
        COMMANDS[options.word](Aws(region, options.project, dry_run=options.dry_run), options)
    except Problem as problem:
        say(f"lab: {problem}", error=True)
        return 1
    except ClientError as error:
        say(f"lab: AWS refuses {error.operation_name}: {message(error)} ({code(error)})", error=True)
        return 1
    except KeyboardInterrupt:
        say("\nStopped. Run it again: what was done is found, and the rest is done.", error=True)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
