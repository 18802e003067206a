"""What the results page says of worst frames, of the target and of every measure, over a folder of artifacts."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app.panels.anchors import ladder_table
from app.panels.frames import frame_plots
from app.panels.target import target_view
from app.panels.worst import worst_view
from app.results.format import THIN
from gpu_agent.models import BDRate, Summary
from gpu_agent.road.ladders import curve_key
from gpu_agent.road.worst import WorstFrame, write_list
from gpu_agent.store.folder import FolderArtifacts
from tests.app.results.anchored import anchor_curve
from tests.app.results.conftest import make_curve, make_experiment


@pytest.fixture
def services(tmp_path):
    return SimpleNamespace(artifacts=FolderArtifacts(tmp_path / "kept", tmp_path / "dropped"))


def page(view, *args) -> AppTest:
    def script(view, args):
        view(*args)

    shown = AppTest.from_function(script, default_timeout=60, kwargs={"view": view, "args": args}).run()
    assert not shown.exception
    return shown


def texts(shown: AppTest) -> str:
    return "\n".join(m.value for m in (*shown.markdown, *shown.caption)).replace("\\", "").replace(THIN, " ")


def with_worst(services, tmp_path, worst):
    e = make_experiment(make_curve())
    row = e.results[0].model_copy(update={"artifacts": {"worst": "carphone/r22/worst.json"}})
    write_list(tmp_path / "worst.json", worst)
    services.artifacts.put_file(f"{e.id}/carphone/r22/worst.json", tmp_path / "worst.json")
    return e, row


def test_worst_frames_are_pictures_and_lead_to_the_player(services, tmp_path):
    worst = [
        WorstFrame(frame=n, psnr_y=30.0 + n, x=0, y=8, width=96, height=96, file=f"worst/frame{n}.png") for n in (3, 40)
    ]
    e, row = with_worst(services, tmp_path, worst)
    shown = page(worst_view, services, e, row, "k")
    assert shown.expander[0].label == "Worst frames"
    pictures = [html.proto.body for html in shown.get("html")]
    assert f'src="/artifacts/{e.id}/carphone/r22/worst/frame3.png"' in pictures[0]
    assert 'alt="Frame 3 at 0,8: ' in pictures[0]
    assert shown.button[1].label == "Frame 40: 70.00 dB"
    shown.button[1].click().run()
    assert shown.session_state[f"player-k-{e.id}-seek"] == {"frame": 40, "nonce": 1}


def test_a_lossless_point_says_so_and_an_old_one_says_nothing(services, tmp_path):
    e, row = with_worst(services, tmp_path, [])
    assert "Every frame is identical" in texts(page(worst_view, services, e, row, "k"))
    for artifacts in ({}, {"worst": "carphone/r27/worst.json"}):
        old = row.model_copy(update={"artifacts": artifacts})
        assert not page(worst_view, services, e, old, "k").expander


def publish(services, e, anchor="x265-medium", factor=1.0):
    ref = e.clips[0]
    curve = anchor_curve(make_curve(factor=factor), anchor)
    services.artifacts.put_bytes(curve_key(ref.sha256, ref.frames, anchor), curve.model_dump_json().encode())


def test_the_target_appears_with_its_anchor(services):
    e = make_experiment(make_curve(factor=0.4))
    assert not page(target_view, services, e).expander
    publish(services, e)
    shown = page(target_view, services, e)
    assert shown.expander[0].label == "Target: 50 % fewer bits than x265 medium, reached"
    said = texts(shown)
    assert "60 % fewer bits than x265 medium, at Y-PSNR 37.9 dB, SSIM 0.956" in said
    assert ":material/check_circle: 50 % fewer" in said
    assert ":material/radio_button_unchecked: 90 % fewer" in said


def test_a_run_that_failed_has_no_target(services):
    e = make_experiment(make_curve(factor=0.4), status="failed")
    publish(services, e)
    assert not page(target_view, services, e).expander


def test_every_measure_is_one_click_away(services):
    rates = {"x265-medium": BDRate(percent=-60.0, per_clip={"carphone": -60.0})}
    e = make_experiment(make_curve(factor=0.4), summary=Summary(bd_rate=rates))
    publish(services, e)
    shown = page(ladder_table, services, e, "k")
    assert list(shown.dataframe[0].value.columns) == ["Anchor", "Bits at equal PSNR-YUV", "Why not"]
    shown.toggle[0].set_value(True).run()
    assert not shown.exception
    line = shown.dataframe[0].value.iloc[0]
    assert line["SSIM"].replace(THIN, " ") == "−60 % · −60 %"
    assert "0 rate points" in line["Note"]


def test_any_series_can_be_looked_at_frame_by_frame(services):
    e = make_experiment(make_curve())
    row = e.results[0].model_copy(update={"artifacts": {"frames": "carphone/r22/frames.json"}})
    series = {"psnr_y": [36.0, 35.0], "vmaf": [91.5, 88.0], "bits": [900, 300], "encode_ms": [5.0, 4.0]}
    services.artifacts.put_bytes(f"{e.id}/carphone/r22/frames.json", json.dumps(series).encode())
    shown = page(frame_plots, services, e, row, "k", False, 0)
    assert shown.selectbox[0].options == ["Y-PSNR (dB)", "VMAF", "Encode (ms)"]
    shown.selectbox[0].select("encode_ms").run()
    assert not shown.exception
    assert "Encode (ms)" in shown.get("plotly_chart")[0].proto.spec
