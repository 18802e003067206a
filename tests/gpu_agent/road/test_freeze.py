import hashlib
import warnings
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_agent.bare import bare
from gpu_agent.contract import EXAMPLE
from gpu_agent.models import ClipRef, Experiment, ExperimentRequest, Hypothesis, Origin
from gpu_agent.road.freeze import UNTITLED, decoder_bytes, decoder_kit_bytes, freeze, freeze_rerun, title_of
from gpu_agent.road.tools import rate_key
from gpu_agent.store.folder import SAFE_PART
from tests.gpu_agent.factory import experiment, row

CLIP = ClipRef(name="carphone", sha256="0" * 64)


def test_the_code_is_known_by_its_hash_and_its_compressed_size():
    e = freeze(ExperimentRequest(code=EXAMPLE), [CLIP])
    assert e.code_sha256 == hashlib.sha256(EXAMPLE.encode()).hexdigest()
    assert e.decoder_bytes == decoder_bytes(EXAMPLE) == len(zlib.compress(bare(EXAMPLE).encode(), 9))
    assert (e.rates, e.progress.points, e.attempts) == ([2, 4, 8, 16], 4, 0)


def test_comments_and_docstrings_do_not_count_and_a_rerun_of_an_older_record_counts_anew():
    said = f'"""What it does, at length: {"why and how, " * 200}"""\n# {"x" * 5000}\n{EXAMPLE}'
    assert abs(decoder_bytes(said) - decoder_bytes(EXAMPLE)) < 8
    old = freeze(ExperimentRequest(code=said), [CLIP]).model_copy(update={"decoder_bytes": 99_999})
    assert freeze_rerun(old).decoder_bytes == decoder_bytes(said)


def test_the_kit_that_a_codec_runs_counts_beside_its_own_code():
    alone, plain, champion = (
        "import numpy\n",
        "from codec_kit import Frame\n",
        "from codec_kit.search import search_tree\n",
    )
    assert decoder_kit_bytes(alone) == decoder_bytes(alone)
    assert decoder_bytes(plain) + 200 < decoder_kit_bytes(plain) < 3000
    assert decoder_kit_bytes(champion) > 10 * decoder_kit_bytes(plain)
    assert freeze(ExperimentRequest(code=EXAMPLE), [CLIP]).decoder_kit_bytes == decoder_kit_bytes(EXAMPLE)
    assert decoder_kit_bytes("def encode(:") is None


def test_a_record_from_before_the_kit_was_counted_is_read():
    old = freeze(ExperimentRequest(code=EXAMPLE), [CLIP]).model_dump(mode="json", exclude={"decoder_kit_bytes"})
    assert Experiment.model_validate(old).decoder_kit_bytes is None
    assert freeze_rerun(Experiment.model_validate(old)).decoder_kit_bytes == decoder_kit_bytes(EXAMPLE)


def test_rates_that_would_share_a_folder_are_one_and_order_stays():
    wanted = [22, 5, 22.0, 2.5, 5.0000000000001, -3]
    assert freeze(ExperimentRequest(code=EXAMPLE, rates=wanted), [CLIP, CLIP]).rates == [22, 5, 2.5, -3]


def test_a_clip_named_twice_is_one():
    e = freeze(ExperimentRequest(code=EXAMPLE, rates=[1]), [CLIP, CLIP.model_copy(update={"name": "bikes"}), CLIP])
    assert [c.name for c in e.clips] == ["carphone", "bikes"]
    assert e.progress.points == 2


@given(st.one_of(st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9)))
def test_every_rate_that_may_be_asked_for_is_a_safe_part_of_a_path(rate):
    ExperimentRequest(code="x", rates=[rate])
    assert SAFE_PART.match(rate_key(rate))


def test_a_rerun_takes_all_that_matters_and_nothing_that_was_measured():
    original = experiment(
        results=[row()],
        notes="mine",
        log="said",
        warnings=["w"],
        origin=Origin(kind="claude", prompt="p"),
        hypothesis=Hypothesis(text="better"),
    )
    again = freeze_rerun(original)
    assert again.id != original.id
    assert (again.rerun_of, again.origin.kind, again.origin.prompt) == (original.id, "rerun", "p")
    assert (again.results, again.notes, again.log, again.warnings, again.status) == ([], "", "", [], "queued")
    for name in (
        "code",
        "code_sha256",
        "clips",
        "rates",
        "limits",
        "frames",
        "parent_id",
        "decoder_bytes",
        "hypothesis",
    ):
        assert getattr(again, name) == getattr(original, name)


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ('"""A wavelet codec: 5/3.\n\nMore."""', "A wavelet codec"),
        ('"""Ends with a stop."""', "Ends with a stop"),
        ('"""' + "long " * 40 + '"""', ("long " * 40)[:79] + "…"),
        ("x = 1", UNTITLED),
        ("def broken(", UNTITLED),
        ("", UNTITLED),
        ("\0", UNTITLED),
        ("(" * 10_000, UNTITLED),
    ],
)
def test_the_title_is_the_first_sentence_of_the_docstring(code, title):
    assert title_of(code) == title


def test_an_odd_escape_in_a_codec_is_not_the_agent_s_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert title_of('"""Fine."""\nx = "\\d"') == "Fine"
