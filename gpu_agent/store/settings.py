"""Where experiments and artifacts are kept, as configuration: the part of the settings that agent and lab share."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field


class StoreSettings(BaseModel):
    """Mixed into the settings of both programs, which read the same variables and so open the same stores."""

    data: Path = Field(Path("~/.local/share/codec-lab"), description="everything local lies under this folder")
    disk_budget_gb: float = Field(20, gt=0, description="what previews and cached planes may take together")
    store: Literal["local", "aws"] = Field("local", description="home of experiments and artifacts")
    aws_region: str = Field("us-east-1", description="region of table and buckets")
    dynamodb_table: str = Field("v3-experiments", description="table of the experiments")
    videos_bucket: str = Field("", description="bucket of previews; needed where the store is aws")
    decoders_bucket: str = Field("", description="bucket of bitstreams, code and series; needed where the store is aws")
    aws_endpoint_url: str | None = Field(
        None, description="another address of DynamoDB, S3 and EC2, as a test server has"
    )

    @property
    def root(self) -> Path:
        return self.data.expanduser().absolute()
