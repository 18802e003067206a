"""A rerun says whether every bitstream came out the same."""

import pytest

from gpu_agent.contract import EXAMPLE
from gpu_agent.models import Status
from tests.gpu_agent.live import finished, run

pytestmark = pytest.mark.jail


def test_a_rerun_gives_the_same_bitstreams_and_says_so(client):
    original = run(client, rates=(4, 2))
    again = finished(client, client.rerun(original.id).id)
    assert again.status is Status.SUCCEEDED
    assert [r.bitstream_sha256 for r in again.results] == [r.bitstream_sha256 for r in original.results]
    assert [r.decoded_sha256 for r in again.results] == [r.decoded_sha256 for r in original.results]
    said = again.summary.reproduction
    assert (said.of, said.same, said.compared, said.different) == (original.id, True, 2, [])
    assert original.summary.reproduction is None


def test_a_codec_that_is_not_deterministic_is_told_which_points_differ(client):
    code = (
        EXAMPLE.replace("import zlib\n", "import os\nimport zlib\n")
        .replace(
            "yield bytes([rate]) + zlib.compress(levels.tobytes(), 9)",
            "yield bytes([rate]) + zlib.compress(levels.tobytes(), 9) + (os.urandom(8) if rate == 8 else b'')",
        )
        .replace("zlib.decompress(packet[1:])", "zlib.decompressobj().decompress(packet[1:])")
    )
    original = run(client, code, rates=(4, 8))
    again = finished(client, client.rerun(original.id).id)
    assert (original.status, again.status) == (Status.SUCCEEDED, Status.SUCCEEDED), again.error
    said = again.summary.reproduction
    assert (said.same, said.compared, said.different) == (False, 2, ["tiny at rate 8"])


def test_a_rerun_of_what_failed_compares_nothing(client):
    original = run(client, "def encode(")
    again = finished(client, client.rerun(original.id).id)
    assert again.error == original.error
    assert again.summary.reproduction is None


def test_everything_about_a_run_is_in_its_record(client, agent):
    e = run(client, rates=(4, 8), frames=5)
    assert (e.attempts, e.sandbox, e.lease) == (1, agent.tools.jail.status().level, None)
    assert {"build", "python", "packages", "system", "cpu", "cores", "gpu"} <= set(e.environment)
    assert e.environment["packages"]["numpy"]
    for r in e.results:
        assert (r.clip, r.frames, r.packets) == ("tiny", 5, 5)
        assert r.kbps == pytest.approx(r.bytes * 8 * 25 / 5 / 1000)
        assert r.bpp == pytest.approx(r.bytes * 8 / (32 * 32 * 5))
        assert r.psnr_yuv == pytest.approx((6 * r.psnr_y + r.psnr_u + r.psnr_v) / 8)
        assert r.encode_fps == pytest.approx(5 / r.encode_seconds)
        assert min(r.encode_seconds, r.decode_seconds) > 0
    assert e.results[0].psnr_y > e.results[1].psnr_y > 25
    assert e.results[0].bytes > e.results[1].bytes
    stages = [v.message for v in client.events(e.id).events if v.kind == "stage"]
    assert stages == [
        "checking the code against the contract", "preparing tiny", "smoke run: 5 frames of tiny at rate 8",
        *(f"{verb} tiny at rate {rate}" for rate in (4, 8) for verb in ("encoding", "decode", "measure", "preview", "store")),
        "succeeded",
    ]  # fmt: skip
