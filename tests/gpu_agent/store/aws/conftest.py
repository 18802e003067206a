"""The home on AWS alone, and a look behind it."""

import pytest

from gpu_agent.store.open import open_artifacts, open_experiments
from tests.stubs import aws


@pytest.fixture
def settings(aws_settings):
    return aws_settings


@pytest.fixture
def store(settings):
    return open_experiments(settings)


@pytest.fixture
def artifacts(settings):
    return open_artifacts(settings)


@pytest.fixture
def s3(settings):
    return aws.client("s3", settings.aws_endpoint_url)


@pytest.fixture
def items(settings):
    """Sort keys of all items of an experiment as they lie in the table, or the items themselves by sort key."""
    database = aws.client("dynamodb", settings.aws_endpoint_url)

    def look(experiment_id: str) -> dict[str, dict]:
        pages = database.get_paginator("query").paginate(
            TableName=settings.dynamodb_table,
            KeyConditionExpression="pk = :id",
            ExpressionAttributeValues={":id": {"S": f"EXP#{experiment_id}"}},
            ConsistentRead=True,
        )
        return {item["sk"]["S"]: item for page in pages for item in page["Items"]}

    return look
