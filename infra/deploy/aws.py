"""Every call of AWS: reading ones are made, changing ones are made or, in a dry run, printed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from infra.launcher.terminal import Problem, say

SECRET = {"Value", "SecretString", "TemplateBody", "Body", "ZipFile"}
MISSING = {"ParameterNotFound", "404", "NoSuchBucket", "NoSuchKey", "ResourceNotFoundException"}


class Aws:
    """Calls in one region for one project. `wrote` counts changing calls, made or printed."""

    def __init__(
        self, region: str, project: str = "v3", *, dry_run: bool = False, endpoint: str | None = None, tick: float = 5.0
    ) -> None:
        self.region, self.project, self.dry_run, self.endpoint, self.tick = region, project, dry_run, endpoint, tick
        self.wrote = 0
        self._clients: dict[str, Any] = {}
        self._account: str | None = None

    def client(self, service: str) -> Any:
        if service not in self._clients:
            config = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5)
            self._clients[service] = boto3.client(
                service, region_name=self.region, endpoint_url=self.endpoint, config=config
            )
        return self._clients[service]

    def read(self, service: str, operation: str, **call: Any) -> dict[str, Any]:
        """Raises ClientError, which says what AWS answered, or Problem where AWS was not reached."""
        if self.dry_run:
            say(f"  read        {shown(service, operation, call)}")
        return self._call(service, operation, call)

    def write(self, service: str, operation: str, **call: Any) -> dict[str, Any]:
        """As `read`; in a dry run nothing is called and the answer is empty."""
        self.wrote += 1
        if self.dry_run:
            say(f"  would call  {shown(service, operation, call)}")
            return {}
        return self._call(service, operation, call)

    def _call(self, service: str, operation: str, call: dict[str, Any]) -> dict[str, Any]:
        try:
            return getattr(self.client(service), operation)(**call)
        except NoCredentialsError:
            raise Problem(
                "There are no AWS credentials. Sign in (aws sso login, or aws configure), then try again."
            ) from None
        except BotoCoreError as error:
            raise Problem(f"AWS was not reached for {service}.{operation}: {error}") from error

    @property
    def account(self) -> str:
        if self._account is None:
            try:
                self._account = self.read("sts", "get_caller_identity")["Account"]
            except ClientError as error:
                raise Problem(f"AWS refuses these credentials: {message(error)} Sign in again.") from error
        return self._account

    def bucket(self, what: str) -> str:
        return f"{self.project}-{what}-{self.account}-{self.region}"

    def parameter(self, name: str) -> str | None:
        """A parameter of the project, or None where it is not there."""
        return self.any_parameter(f"/{self.project}/{name}")

    def any_parameter(self, name: str) -> str | None:
        try:
            return self.read("ssm", "get_parameter", Name=name)["Parameter"]["Value"]
        except ClientError as error:
            if code(error) in MISSING:
                return None
            raise

    def needed(self, name: str, made_by: str) -> str:
        """A parameter that an earlier step made. In a dry run it may not be known yet."""
        value = self.parameter(name)
        if value is None and self.dry_run:
            return f"(known after {made_by})"
        if value is None:
            raise Problem(f"/{self.project}/{name} is not there. Run ./lab deploy {made_by} first.")
        return value

    def set_parameter(self, name: str, value: str, kind: str = "String") -> None:
        self.write("ssm", "put_parameter", Name=f"/{self.project}/{name}", Value=value, Type=kind, Overwrite=True)

    def wait(self, what: str, done: Callable[[], Any], seconds: float) -> Any:
        """Ask until it answers something true. Raises Problem after `seconds`."""
        until = time.monotonic() + seconds
        while not (found := done()):
            if time.monotonic() > until:
                raise Problem(
                    f"{what} took longer than {seconds:.0f} seconds. Look at it in the console, then try again."
                )
            time.sleep(self.tick)
        return found


def code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def message(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", "")) or code(error)


def shown(service: str, operation: str, call: dict[str, Any]) -> str:
    """A call as a line. Texts that may be secret or long are named and not shown."""
    parts = [f"{k}=…" if k in SECRET else f"{k}={str(v)[:200]!r}" for k, v in call.items()]
    return f"{service}.{operation}({', '.join(parts)})"
