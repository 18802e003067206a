"""What linters miss in the templates: nothing open, nothing wild, nothing secret, nothing lost."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gpu_agent.settings import AgentSettings
from gpu_agent.store.aws import schema
from infra.launcher import scanner

from .templates import FOLDER, NAMES, listed, resources, statements, template, text, walk

MAY_NAME_NO_RESOURCE = {
    # AWS knows no resource for these calls (Service Authorization Reference); nothing else may have "*".
    *("ssm:UpdateInstanceInformation", "ssm:ListAssociations", "ssm:ListInstanceAssociations"),
    *("ssm:UpdateInstanceAssociationStatus", "ssm:GetDocument", "ssm:DescribeDocument"),
    *("ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel"),
    *("ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"),
    *("ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage"),
    *("ec2messages:GetEndpoint", "ec2messages:GetMessages", "ec2messages:SendReply"),
    "ec2:DescribeInstances",
}


def test_the_linter_finds_nothing():
    command = Path(sys.executable).with_name("cfn-lint")
    found = subprocess.run([command, *sorted(FOLDER.glob("*.yaml"))], capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.scanner
def test_the_scanner_finds_nothing_that_is_not_explained():
    command = scanner.command(FOLDER.parents[1])
    if command is None:
        pytest.skip("checkov is not installed (./lab test does it)")
    call = [*command, "--config-file", "infra/cloudformation/checkov.yml", "--output", "json"]
    found = subprocess.run(call, cwd=FOLDER.parents[1], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-3000:]
    summary = json.loads(found.stdout)["summary"]
    assert (summary["failed"], summary["parsing_errors"]) == (0, 0)
    assert summary["passed"] > 100


def test_every_suppression_says_why_and_is_in_the_readme():
    found = set()
    for _, name, resource in resources():
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
            assert len(skip["comment"]) > 20, name
            found.add(skip["id"])
    readme = (FOLDER.parent / "README.md").read_text()
    assert found == set(re.findall(r"^\| (CKV_AWS_\d+) \|", readme, re.M))
    lines = (FOLDER / "checkov.yml").read_text().split("skip-check:\n")[1].strip().splitlines()
    assert all(re.fullmatch(r"  - CKV_AWS_\d+ +# .{20,}", f"  {line.strip()}") for line in lines)


def test_every_template_is_there_and_no_other():
    assert {p.stem for p in FOLDER.glob("*.yaml")} == set(NAMES)


# Network ----------------------------------------------------------------------------------------------------------


def ingress_rules():
    for _, name, group in resources("AWS::EC2::SecurityGroup"):
        yield from ((name, rule) for rule in group["Properties"].get("SecurityGroupIngress", []))
    for _, name, rule in resources("AWS::EC2::SecurityGroupIngress"):
        yield name, rule["Properties"]


def test_nothing_comes_in_from_an_address_range():
    for name, rule in ingress_rules():
        assert "SourceSecurityGroupId" in rule, f"{name} lets in {rule}"
        assert not {"CidrIp", "CidrIpv6", "SourcePrefixListId"} & rule.keys()


def test_nothing_comes_in_to_the_orchestrator():
    group = template("network")["Resources"]["OrchestratorSecurityGroup"]["Properties"]
    assert "SecurityGroupIngress" not in group
    assert not list(resources("AWS::EC2::SecurityGroupIngress"))


def test_only_the_orchestrator_reaches_the_agent_and_only_its_port():
    [rule] = template("network")["Resources"]["WorkerSecurityGroup"]["Properties"]["SecurityGroupIngress"]
    assert rule["SourceSecurityGroupId"] == {"Fn::GetAtt": ["OrchestratorSecurityGroup", "GroupId"]}
    assert rule["IpProtocol"] == "tcp"
    assert rule["FromPort"] == rule["ToPort"] == {"Ref": "AgentPort"}
    default = AgentSettings.model_fields["agent_port"].default
    assert all(template(name)["Parameters"]["AgentPort"]["Default"] == default for name in ("network", "compute"))


def test_every_group_says_what_goes_out():
    """A group without rules would let everything out."""
    for _, name, group in resources("AWS::EC2::SecurityGroup"):
        rules = group["Properties"]["SecurityGroupEgress"]
        assert rules, name
        assert all(rule["IpProtocol"] == "tcp" and rule["FromPort"] == rule["ToPort"] == 443 for rule in rules)


def test_the_workers_subnet_has_no_way_out_unless_asked_for():
    network = template("network")
    assert network["Parameters"]["EnableNat"]["Default"] == "false"
    routes = [
        r for _, _, r in resources("AWS::EC2::Route") if r["Properties"]["RouteTableId"] == {"Ref": "PrivateRoutes"}
    ]
    assert [r["Condition"] for r in routes] == ["Nat"]


def test_every_endpoint_says_who_may_use_it():
    for _, name, endpoint in resources("AWS::EC2::VPCEndpoint"):
        for statement in statements(endpoint["Properties"]["PolicyDocument"]):
            mine = {"StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}}
            assert statement.get("Condition") == mine or "*" not in listed(statement["Resource"]), name


# Boxes ------------------------------------------------------------------------------------------------------------


def launch_data():
    return [(name, t["Properties"]["LaunchTemplateData"]) for _, name, t in resources("AWS::EC2::LaunchTemplate")]


def test_the_boxes_keep_their_metadata_to_themselves():
    assert len(launch_data()) == 2
    for name, data in launch_data():
        options = data["MetadataOptions"]
        assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 1), name


def test_disks_are_encrypted_gp3_and_shutting_down_stops():
    for name, data in launch_data():
        assert data["InstanceInitiatedShutdownBehavior"] == "stop", name
        for device in data["BlockDeviceMappings"]:
            assert device["Ebs"]["Encrypted"] is True
            assert device["Ebs"]["VolumeType"] == "gp3"


def test_the_worker_has_no_public_address():
    data = dict(launch_data())["WorkerTemplate"]
    assert [i["AssociatePublicIpAddress"] for i in data["NetworkInterfaces"]] == [False]


def test_images_are_given_as_they_are():
    """A parameter that is resolved at each update would replace the boxes whenever a new image comes out."""
    parameters = template("compute")["Parameters"]
    for name in ("OrchestratorAmi", "WorkerAmi"):
        assert parameters[name]["Type"] == "AWS::EC2::Image::Id"
        assert "Default" not in parameters[name]


@pytest.mark.parametrize("word", ["token", "secret", "password", "api-key", "anthropic", "get-secret-value"])
def test_user_data_holds_nothing_secret(word):
    for name, data in launch_data():
        script = data["UserData"]["Fn::Base64"]["Fn::Sub"]
        assert word not in script.lower(), name


def test_user_data_is_a_script_that_bash_reads(tmp_path):
    for name, data in launch_data():
        script = tmp_path / f"{name}.sh"
        script.write_text(data["UserData"]["Fn::Base64"]["Fn::Sub"])
        assert subprocess.run([shutil.which("bash"), "-n", script]).returncode == 0
        boot = script.read_text().split("codec-lab-boot <<'END'\n")[1].split("\nEND\n")[0]
        script.write_text(boot)
        assert subprocess.run([shutil.which("bash"), "-n", script]).returncode == 0
        assert "sha256sum --check" in boot


def test_a_box_says_when_it_is_ready():
    for box in ("Worker", "Orchestrator"):
        compute = template("compute")["Resources"]
        assert compute[f"{box}Ready"]["Type"] == "AWS::CloudFormation::WaitCondition"
        assert compute[f"{box}Ready"]["DependsOn"] == box
        script = compute[f"{box}Template"]["Properties"]["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"]
        assert f"${{{box}Signal}}" in script


def test_the_worker_is_stopped_in_three_ways():
    compute = template("compute")["Resources"]
    assert compute["WorkerIdle"]["Properties"]["AlarmActions"][0]["Fn::Sub"].endswith("ec2:stop")
    assert compute["NightlyStopSchedule"]["Properties"]["State"] == {"Ref": "NightlyStopState"}
    assert template("compute")["Parameters"]["NightlyStopState"]["Default"] == "ENABLED"
    assert (FOLDER.parent / "boxes" / "codec-lab-idle.timer").exists()


def box_settings(name):
    """The lines of a box's environment, before anything is filled in."""
    value = template("compute")["Resources"][name]["Properties"]["Value"]["Fn::Sub"]
    return listed(value)[0].split()


def test_the_settings_of_the_boxes_are_known_to_the_programs():
    from app.settings import AppSettings

    known = {f"CODEC_LAB_{name.upper()}" for settings in (AgentSettings, AppSettings) for name in settings.model_fields}
    for name in ("WorkerSettings", "OrchestratorSettings"):
        names = {line.split("=")[0] for line in box_settings(name)}
        assert names <= known
        assert {"CODEC_LAB_STORE", "CODEC_LAB_DYNAMODB_TABLE", "CODEC_LAB_VIDEOS_BUCKET"} <= names


# Rights -----------------------------------------------------------------------------------------------------------


def granted():
    """(where, statement) of every policy of a role or for people."""
    for _, name, role in resources("AWS::IAM::Role"):
        assert "ManagedPolicyArns" not in role["Properties"], f"{name} has a policy that others change"
        for policy in role["Properties"]["Policies"]:
            yield from ((name, statement) for statement in statements(policy["PolicyDocument"]))
    for _, name, policy in resources("AWS::IAM::ManagedPolicy"):
        yield from ((name, statement) for statement in statements(policy["Properties"]["PolicyDocument"]))


def test_no_right_is_wild():
    for name, statement in granted():
        actions = listed(statement["Action"])
        assert not [a for a in actions if "*" in a], name
        if "*" in listed(statement["Resource"]):
            assert set(actions) <= MAY_NAME_NO_RESOURCE, f"{name}: {actions}"


def test_resources_are_wild_only_within_a_bucket_folder_or_a_tables_indexes():
    for name, statement in granted():
        for resource in listed(statement["Resource"]):
            value = resource.get("Fn::Sub", "") if isinstance(resource, dict) else resource
            if "*" in value and value != "*":
                assert value.endswith("/*"), f"{name}: {value}"
                assert ":s3:::" in value or "/index/*" in value, f"{name}: {value}"


def test_only_the_orchestrator_reads_the_key_for_claude():
    readers = {n for n, s in granted() if any(a.startswith("secretsmanager:") for a in listed(s["Action"]))}
    assert readers == {"OrchestratorRole"}


def test_claude_on_bedrock_is_a_right_only_where_models_are_named_and_for_those_alone():
    compute = template("compute")
    assert compute["Parameters"]["BedrockModels"] == compute["Parameters"]["BedrockModels"] | {
        "Type": "CommaDelimitedList",
        "Default": "",
    }
    assert compute["Conditions"]["Bedrock"] == {
        "Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {"Ref": "BedrockModels"}]}, ""]}]
    }
    [policy] = compute["Resources"]["OrchestratorRole"]["Properties"]["Policies"]
    [(condition, right, otherwise)] = [s["Fn::If"] for s in policy["PolicyDocument"]["Statement"] if "Fn::If" in s]
    assert (condition, otherwise) == ("Bedrock", {"Ref": "AWS::NoValue"})
    assert right["Action"] == "bedrock-mantle:CreateInference"
    assert right["Condition"] == {"StringEquals": {"bedrock-mantle:Model": {"Ref": "BedrockModels"}}}
    arn, filled = right["Resource"]["Fn::Sub"]
    assert arn == "arn:${AWS::Partition}:bedrock-mantle:${Where}:${AWS::AccountId}:project/default"
    assert filled == {"Where": {"Fn::If": ["BedrockHere", {"Ref": "AWS::Region"}, {"Ref": "BedrockRegion"}]}}
    actions = [
        (name, action) for name, s in granted() for action in listed(s["Action"]) if action.startswith("bedrock")
    ]
    assert actions == [("OrchestratorRole", "bedrock-mantle:CreateInference")]


def test_the_right_fits_what_the_lab_calls_and_the_lab_is_told():
    """The right is that of the endpoint which the client asks, in its region; the other Bedrock's rights are others."""
    from app.claude.connection import BEDROCK_URL

    assert urlsplit(BEDROCK_URL).hostname.split(".")[0] == "bedrock-mantle"
    lines = box_settings("OrchestratorSettings")
    assert {"CODEC_LAB_CLAUDE_VIA=${Via}", "CODEC_LAB_BEDROCK_REGION=${Where}"} <= set(lines)
    _, filled = template("compute")["Resources"]["OrchestratorSettings"]["Properties"]["Value"]["Fn::Sub"]
    assert filled["Via"] == {"Fn::If": ["Bedrock", "bedrock", "anthropic"]}


def test_the_dashboard_only_reads_and_the_worker_touches_no_box():
    actions = {}
    for name, statement in granted():
        actions.setdefault(name, set()).update(listed(statement["Action"]))
    dynamo = {a for a in actions["DashboardRole"] if a.startswith("dynamodb:")}
    assert dynamo == {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
    assert not [a for a in actions["WorkerRole"] if a.split(":")[0] in ("ec2", "iam", "lambda", "secretsmanager")]
    assert not [a for role in actions.values() for a in role if a.startswith("iam:")]


def test_the_worker_is_started_and_stopped_by_its_id_and_the_lab_knows_it():
    starters = {}
    for name, statement in granted():
        for action in listed(statement["Action"]):
            if action in ("ec2:StartInstances", "ec2:StopInstances"):
                starters.setdefault(name, set()).add(action.removeprefix("ec2:"))
                [resource] = listed(statement["Resource"])
                assert resource["Fn::Sub"].split(":")[-1] in ("instance/${Worker}", "instance/${WorkerId}"), name
    both = {"StartInstances", "StopInstances"}
    assert starters == {"OrchestratorRole": both, "AdminRole": both, "NightlyStopRole": {"StopInstances"}}
    assert "CODEC_LAB_WORKER_INSTANCE=${Worker}" in box_settings("OrchestratorSettings")


def test_each_box_reads_its_own_releases_alone():
    for box, other in (("worker", "orchestrator"), ("orchestrator", "worker")):
        role = template("compute")["Resources"][f"{box.title()}Role"]
        found = [v for v in walk(role) if isinstance(v, str) and "ReleasesBucket" in v]
        assert len(found) == 2
        assert not [v for v in found if other in v]


# Data -------------------------------------------------------------------------------------------------------------


def test_data_outlives_its_stack():
    kinds = ("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SecretsManager::Secret")
    kept = [(name, r) for kind in kinds for _, name, r in resources(kind)]
    assert len(kept) == 5
    for name, resource in kept:
        assert resource["DeletionPolicy"].startswith("Retain"), name
        assert resource["UpdateReplacePolicy"] == "Retain", name


def test_the_table_is_the_one_that_the_store_is_written_for():
    table = template("database")["Resources"]["Experiments"]["Properties"]
    for part in ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes"):
        assert table[part] == schema.TABLE[part]
    assert table["TimeToLiveSpecification"] == schema.TIME_TO_LIVE
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True


def test_buckets_are_private_encrypted_and_versioned():
    buckets = {name: r["Properties"] for _, name, r in resources("AWS::S3::Bucket")}
    assert len(buckets) == 3
    for name, bucket in buckets.items():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert bucket["BucketEncryption"]
        assert "AccountId" in bucket["BucketName"]["Fn::Sub"]
        assert "Region" in bucket["BucketName"]["Fn::Sub"]


def test_buckets_take_tls_alone_and_show_the_dashboard_previews_and_code():
    policies = [p["Properties"] for _, _, p in resources("AWS::S3::BucketPolicy")]
    assert len(policies) == 3
    shown = []
    for policy in policies:
        deny, *allowed = statements(policy["PolicyDocument"])
        assert deny["Effect"] == "Deny"
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in allowed:
            assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
            assert statement["Condition"] == {"StringEquals": {"AWS:SourceArn": {"Ref": "DistributionArn"}}}
            assert statement["Action"] == "s3:GetObject"
            shown.append(statement["Resource"]["Fn::Sub"])
    assert shown == [f"${{Videos.Arn}}/{schema.MEDIA_PREFIX}*.mp4", f"${{Decoders.Arn}}/{schema.CODE_PREFIX}*.py"]


# Dashboard --------------------------------------------------------------------------------------------------------


def test_cloudfront_has_both_permissions_for_the_functions_url():
    """Since October 2025 a function URL needs InvokeFunction too; with one of the two the dashboard answers 403."""
    permissions = [p["Properties"] for _, _, p in resources("AWS::Lambda::Permission")]
    by_action = {p["Action"]: p for p in permissions}
    assert set(by_action) == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    assert by_action["lambda:InvokeFunctionUrl"]["FunctionUrlAuthType"] == "AWS_IAM"
    assert by_action["lambda:InvokeFunction"]["InvokedViaFunctionUrl"] is True
    for permission in permissions:
        assert permission["Principal"] == "cloudfront.amazonaws.com"
        assert "${Distribution}" in permission["SourceArn"]["Fn::Sub"]
        assert permission["FunctionName"] == {"Ref": "DashboardArn"}


def test_the_admin_api_has_no_url_and_the_dashboards_needs_a_signature():
    [(_, _, url)] = resources("AWS::Lambda::Url")
    assert url["Properties"]["AuthType"] == "AWS_IAM"
    assert url["Properties"]["TargetFunctionArn"] == {"Fn::GetAtt": ["Dashboard", "Arn"]}


def test_pages_are_never_cached_and_origins_are_signed():
    config = template("cdn")["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    assert config["DefaultCacheBehavior"]["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert all("OriginAccessControlId" in origin for origin in config["Origins"])
    behaviours = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
    assert all(b["AllowedMethods"] == ["GET", "HEAD"] for b in behaviours)
    assert all(b["ViewerProtocolPolicy"] == "redirect-to-https" for b in behaviours)
    patterns = {b["PathPattern"]: b["TargetOriginId"] for b in config["CacheBehaviors"]}
    assert patterns == {f"/{schema.MEDIA_PREFIX}*": "videos", f"/{schema.CODE_PREFIX}*": "decoders"}


# Order ------------------------------------------------------------------------------------------------------------


def test_logs_end_alarms_are_heard_and_the_budget_warns():
    for _, name, group in resources("AWS::Logs::LogGroup"):
        assert 0 < group["Properties"]["RetentionInDays"] <= 90, name
    alarms = [r["Properties"] for _, _, r in resources("AWS::CloudWatch::Alarm")]
    assert len(alarms) >= 7
    assert all(alarm["AlarmActions"] for alarm in alarms)
    [(_, _, budget)] = resources("AWS::Budgets::Budget")
    assert budget["Properties"]["Budget"]["BudgetLimit"]["Unit"] == "USD"


def test_what_can_be_tagged_with_the_project_is():
    kinds = (
        *("AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::Instance", "AWS::EC2::SecurityGroup", "AWS::EC2::NatGateway"),
        *("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Logs::LogGroup"),
        *("AWS::SecretsManager::Secret", "AWS::CloudFront::Distribution", "AWS::SNS::Topic"),
    )
    for kind in kinds:
        for _, name, resource in resources(kind):
            assert {"Key": "project", "Value": {"Ref": "Project"}} in resource["Properties"]["Tags"], name


def test_stacks_are_wired_by_parameters():
    written = {r["Properties"]["Name"]["Fn::Sub"] for _, _, r in resources("AWS::SSM::Parameter")}
    for name in NAMES:
        assert "Export" not in text(name)
        assert "ImportValue" not in text(name)
        for parameter in template(name)["Parameters"].values():
            if parameter["Type"].startswith("AWS::SSM::Parameter::Value"):
                assert parameter["Default"].replace("/v3/", "/${Project}/", 1) in written, parameter
