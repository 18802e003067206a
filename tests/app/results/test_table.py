from __future__ import annotations

import csv
import io
import json

import pytest

from app.results.table import columns, csv_text, flat_record, frame, record_json
from gpu_agent.models import Experiment


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_rows_are_ordered_by_clip_then_rate(experiment, curve):
    table = frame(experiment(curve("bikes") + curve(), clips=("carphone", "bikes")))
    assert list(table["clip"]) == ["carphone"] * 4 + ["bikes"] * 4
    assert list(table["kbps"][:4]) == [33.0, 61.0, 120.0, 212.0]


def test_columns_name_the_variant_and_leave_out_what_nobody_measured(experiment, row):
    shown = {c.key: c for c in columns(experiment([row()]))}
    assert shown["ssim"].help == "SSIM: Gaussian 11x11, sigma 1.5, luma, mean over frames"
    assert "(6 Y + U + V) / 8" in shown["psnr_yuv"].help
    assert {"vmaf", "psnr_y_min", "lossless", "packets"}.isdisjoint(shown)
    assert "vmaf" in {c.key for c in columns(experiment([row(), row(rate=27, vmaf=91.2)]))}


def test_further_metrics_become_columns_known_ones_with_their_variant(experiment, row):
    more = {"ms_ssim": 0.98, "my_metric": 3.5, "other": {"y": 36.1}, "note": "a", "psnr_y": 99.0}
    shown = {c.key: c for c in columns(experiment([row(more=more)]))}
    assert "five scales" in shown["ms_ssim"].help
    assert shown["my_metric"].help == "my_metric, as the agent measured it"
    assert shown["note"].format is None
    table = frame(experiment([row(more=more)]))
    assert table["other.y"][0] == 36.1
    assert table["psnr_y"][0] == 37.9, "a further metric must not hide a measured field of the same name"


def test_an_unmeasured_value_stays_empty_beside_measured_ones(experiment, row):
    table = frame(experiment([row(kbps=100, vmaf=None), row(kbps=200, vmaf=91.2)]))
    assert table["vmaf"].isna().tolist() == [True, False]
    assert [r["vmaf"] for r in read(csv_text(experiment([row(kbps=100), row(kbps=200, vmaf=91.2)])))] == ["", "91.2"]


def test_headline_is_a_short_subset(experiment, curve):
    few = [c.key for c in columns(experiment(curve()), headline=True)]
    assert few == ["clip", "rate", "kbps", "bpp", "bytes", "psnr_y", "psnr_yuv", "ssim", "encode_fps", "decode_fps"]


def test_no_results_is_an_empty_table_and_a_csv_header(experiment):
    assert frame(experiment()).empty
    assert read(csv_text(experiment())) == []


def test_csv_round_trip_keeps_full_precision(experiment, row):
    exact = row(kbps=212.12345678901234, psnr=37.900000000000006, rate=0.1)
    back = read(csv_text(experiment([exact], title='Say "hi", then\nleave')))[0]
    assert float(back["kbps"]) == exact.kbps
    assert float(back["psnr_y"]) == exact.psnr_y
    assert float(back["rate"]) == 0.1
    assert int(back["bytes"]) == exact.bytes
    assert back["bitstream_sha256"] == exact.bitstream_sha256
    assert back["title"] == 'Say "hi", then\nleave'
    assert back["experiment"] == "261104-101500-ab12cd34"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "＝"])
def test_a_title_cannot_be_a_formula(experiment, row, start):
    title = f'{start}HYPERLINK("http://e.vil","x")'
    back = read(csv_text(experiment([row(rate=-3)], title=title)))[0]
    assert back["title"].startswith("'")
    assert back["rate"] == "-3", "a negative number is a number, not a formula"


def test_a_hostile_name_of_a_further_metric_cannot_be_a_formula(experiment, row):
    header = csv_text(experiment([row(more={"=cmd|' /C calc'!A0": 1.0})])).splitlines()[0]
    assert "\"'=cmd" in header or "'=cmd" in header
    assert ",=cmd" not in header


def test_json_is_the_record_without_the_lease(experiment, curve):
    lease = {"owner": "a", "fence": 3, "expires_at": 1.0}
    original = experiment(curve(), lease=lease)
    loaded = json.loads(record_json(original))
    assert "lease" not in loaded
    assert Experiment(**loaded) == original.model_copy(update={"lease": None})


def test_flat_record_has_dotted_names_and_only_scalars(experiment, curve):
    flat = flat_record(experiment(curve(), environment={"python": "3.11", "cpu": {"name": "x", "threads": 2}}))
    assert flat["environment.cpu.threads"] == 2
    assert flat["limits.memory_mb"] == 4096
    assert flat["rates"] == "[22, 27, 32, 37]"
    assert not any(isinstance(value, dict | list) and value for value in flat.values())
    assert "code" not in flat
