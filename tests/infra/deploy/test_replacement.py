"""What a change set says of kept resources. moto says nothing of replacement, so the answers of AWS stand in here."""

from __future__ import annotations

from typing import Any

import pytest

from infra.deploy import stacks
from infra.deploy.replacement import losses
from infra.launcher.terminal import Problem

CHANGE = "deploy-1"


def change(name: str, kind: str, action: str = "Modify", replacement: str | None = None, *details: dict) -> dict:
    said = {} if replacement is None else {"Replacement": replacement}
    facts = {"Action": action, "LogicalResourceId": name, "ResourceType": f"AWS::{kind}", "Details": list(details)}
    return {"Type": "Resource", "ResourceChange": facts | said}


def detail(source: str, cause: str | None, name: str, recreates: str = "Always", evaluation: str = "Dynamic") -> dict:
    said = {} if cause is None else {"CausingEntity": cause}
    target = {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreates}
    return {"Target": target, "Evaluation": evaluation, "ChangeSource": source} | said


def described(*changes: dict) -> dict[str, Any]:
    return {"Status": "CREATE_COMPLETE", "Changes": list(changes)}


BY_VERSION = detail("ResourceAttribute", "WorkerTemplate.LatestVersionNumber", "LaunchTemplate")
WORKER = change("Worker", "EC2::Instance", "Modify", "Conditional", BY_VERSION)
NEW_IMAGE = described(
    WORKER,
    change(
        "WorkerTemplate", "EC2::LaunchTemplate", "Modify", "False",
        detail("ParameterReference", "WorkerAmi", "LaunchTemplateData", "Never", "Static"),
        detail("DirectModification", None, "LaunchTemplateData", "Never"),
    ),
)  # fmt: skip
"""As CloudFormation answers for another image: whether the version is another one, it says, it cannot know."""


def test_a_box_that_follows_its_launch_template_may_be_replaced_and_why_is_said(deployment):
    deployment.errors["delete_change_set"] = deleted = RuntimeError("deleted")
    with pytest.raises(RuntimeError) as raised:
        stacks.refuse_replacement(deployment, "v3-compute", CHANGE, NEW_IMAGE, False)
    assert raised.value is deleted, "the change set does not stay behind"
    stacks.refuse_replacement(deployment, "v3-compute", CHANGE, NEW_IMAGE, True)
    assert losses(NEW_IMAGE) == (
        "may replace Worker (because of WorkerTemplate.LatestVersionNumber, changed by WorkerAmi and LaunchTemplateData)"
    )


def test_the_deployment_stops_before_such_a_change_is_made(account, deployment, monkeypatch):
    stacks.deploy(deployment, "network", {})
    asked = stacks.finished_change
    monkeypatch.setattr(stacks, "finished_change", lambda *given: asked(*given) and NEW_IMAGE)
    before = deployment.calls.count("cloudformation.execute_change_set")
    with pytest.raises(Problem, match=r"v3-network: the change may replace Worker .*add --allow-replacement"):
        stacks.deploy(deployment, "network", {"EnableNat": "true"})
    assert deployment.calls.count("cloudformation.execute_change_set") == before
    assert deployment.calls[-1] == "cloudformation.delete_change_set"
    assert stacks.deploy(deployment, "network", {"EnableNat": "true"}, allow_replacement=True) == "changed"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (change("Worker", "EC2::Instance", "Modify", "True"), "would replace Worker"),
        (change("Worker", "EC2::Instance", "Modify", "False"), ""),
        (change("Worker", "EC2::Instance", "Modify"), "may replace Worker"),
        (change("Worker", "EC2::Instance", "Dynamic"), "may replace Worker"),
        (change("Worker", "EC2::Instance", "Add"), ""),
        (change("AnthropicKey", "SecretsManager::Secret", "Remove"), "would remove AnthropicKey"),
        (change("Worker", "EC2::Instance", "Remove", "False"), "would remove Worker"),
        (change("WorkerAddressParameter", "SSM::Parameter", "Modify", "Conditional"), ""),
        (change("WorkerRole", "IAM::Role", "Remove"), ""),
    ],
)
def test_only_what_surely_stays_is_let_through(given, told):
    assert losses(described(given)) == told


def test_what_is_certain_and_what_is_possible_are_told_apart():
    key = detail("DirectModification", None, "KeySchema", evaluation="Static")
    harmless = detail("DirectModification", None, "Tags", "Never", "Static")
    found = described(WORKER, change("Table", "DynamoDB::Table", "Modify", "True", key, harmless))
    assert losses(found) == (
        "may replace Worker (because of WorkerTemplate.LatestVersionNumber); would replace Table (because of KeySchema)"
    )


def test_a_change_on_a_later_page_counts():
    """CloudFormation tells a large change set in pages; moto does in one."""
    harmless = change("WorkerRole", "IAM::Role")
    pages = {
        None: described(harmless) | {"NextToken": "2"},
        "2": described(harmless) | {"NextToken": "3"},
        "3": described(WORKER),
    }

    class Pages:
        def read(self, service: str, call: str, *, NextToken: str | None = None, **names: str) -> dict[str, Any]:
            return dict(pages[NextToken])

    found = stacks.finished_change(Pages(), "v3-compute", CHANGE)
    assert len(found["Changes"]) == 3
    assert losses(found).startswith("may replace Worker")
