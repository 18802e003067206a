"""What moto (5.2) leaves out, put in for these tests alone. Everything else of a deployment meets moto as it is.

- Types that its CloudFormation does not know are made as stubs: CloudFront, function URLs, secrets, alarms, bucket
  policies, budgets, schedules, subscriptions. That they are right is asserted over the templates, not here.
- Fn::Cidr is computed.
- An instance takes image, type and subnet from its launch template, and goes with its stack.
- A VPC goes with its stack; moto deletes it before what hangs on it, and refuses.
- Creating a change set without changes succeeds, and the change set fails, as on AWS; moto refuses to create it.
"""

from __future__ import annotations

import hashlib
import ipaddress

import pytest
from moto.cloudformation import models, parsing, responses
from moto.core.common_models import CloudFormationModel
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance
from moto.ec2.models.vpcs import VPC

STUBBED = (
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::Lambda::Url",
    "AWS::SecretsManager::Secret",
    "AWS::CloudWatch::Alarm",
    "AWS::S3::BucketPolicy",
    "AWS::Budgets::Budget",
    "AWS::Scheduler::Schedule",
    "AWS::SNS::Subscription",
)


def stub(kind: str) -> type[CloudFormationModel]:
    class Stub(CloudFormationModel):
        # moto takes the service's name from the module.
        __module__ = "moto.stubbed.models"

        def __init__(self, name: str) -> None:
            self.name = hashlib.sha256(f"{kind}{name}".encode()).hexdigest()[:12]

        @staticmethod
        def cloudformation_name_type() -> None:
            return None

        @staticmethod
        def cloudformation_type() -> str:
            return kind

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            return True

        @classmethod
        def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
            return cls(resource_name)

        @classmethod
        def update_from_cloudformation_json(
            cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
        ):
            return cls(new_resource_name)

        @classmethod
        def delete_from_cloudformation_json(cls, *_args, **_kwargs) -> None:
            return None

        @property
        def physical_resource_id(self) -> str:
            return f"stub-{self.name}"

        def get_cfn_attribute(self, attribute: str) -> str:
            special = {
                "DomainName": f"{self.name}.cloudfront.net",
                "FunctionUrl": f"https://{self.name}.lambda-url.us-east-1.on.aws/",
            }
            return special.get(attribute, f"stub-{self.name}")

    return Stub


STUBS = [stub(kind) for kind in STUBBED]


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """For as long as the fixture lives."""
    clean, validate = parsing.clean_json, responses.CloudFormationResponse._validate_different_update

    def clean_json(value, resources):
        if isinstance(value, dict) and "Fn::Cidr" in value:
            block, count, bits = (clean_json(part, resources) for part in value["Fn::Cidr"])
            subnets = ipaddress.ip_network(block).subnets(new_prefix=32 - int(bits))
            return [str(subnet) for _, subnet in zip(range(int(count)), subnets, strict=False)]
        return clean(value, resources)

    def different(self, parameters, body, stack):
        if self._get_action() != "CreateChangeSet":
            validate(self, parameters, body, stack)

    def has_parameters(self, parameters):
        text = lambda values: {k: str(v) for k, v in values.items() if v is not None}
        known, given = text(self.stack_parameters) | text(self.parameters), text(parameters)
        return all(known.get(name) == value for name, value in given.items())

    create = Instance.create_from_cloudformation_json.__func__

    def instance(cls, name, json, account_id, region_name, **kwargs):
        properties = json["Properties"]
        template = ec2_backends[account_id][region_name].get_launch_template(
            properties["LaunchTemplate"]["LaunchTemplateId"]
        )
        data = template.latest_version().data
        given = {k: data[k] for k in ("ImageId", "InstanceType")} | {
            "SubnetId": data["NetworkInterfaces"][0]["SubnetId"]
        }
        return create(cls, name, {**json, "Properties": properties | given}, account_id, region_name, **kwargs)

    def terminate(cls, name, json, account_id, region_name):
        for found in list(ec2_backends[account_id][region_name].all_instances()):
            found.delete(account_id, region_name)

    def delete_vpc(cls, name, json, account_id, region_name):
        ec2_backends[account_id][region_name].vpcs.pop(name, None)

    monkeypatch.setattr(VPC, "delete_from_cloudformation_json", classmethod(delete_vpc))
    monkeypatch.setattr(Instance, "create_from_cloudformation_json", classmethod(instance))
    monkeypatch.setattr(Instance, "delete_from_cloudformation_json", classmethod(terminate))
    monkeypatch.setattr(parsing, "clean_json", clean_json)
    monkeypatch.setattr(responses.CloudFormationResponse, "_validate_different_update", different)
    monkeypatch.setattr(models.Stack, "has_template", lambda self, template: self.template == template)
    monkeypatch.setattr(models.Stack, "has_parameters", has_parameters)
