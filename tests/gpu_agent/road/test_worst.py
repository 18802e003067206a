import pytest

from gpu_agent.measure import measure
from gpu_agent.road.worst import find_worst, picture, read_list, write_list
from tests.gpu_agent.measure.pairs import natural, noisy, write_pair
from tests.gpu_agent.preview.conftest import clip_of


def test_the_list_round_trips_and_its_pictures_can_be_made(tmp_path):
    clean = [natural(144, 176, 4 * i) for i in range(6)]
    hurt = [noisy(y, 2) for y in clean]
    hurt[3][100:120, 40:60] = 0
    source, decoded, info = write_pair(tmp_path, clean, hurt)
    psnr = measure(source, decoded, info).series.psnr_y
    worst = find_worst(source, decoded, info, psnr, (176, 144))
    assert len(worst) == 5
    first = worst[0]
    assert first.frame == 3
    assert first.x <= 40
    assert first.x + first.width >= 60
    assert first.psnr_y == pytest.approx(min(psnr), abs=1e-3)
    assert [w.psnr_y for w in worst] == sorted(w.psnr_y for w in worst)
    write_list(tmp_path / "worst.json", worst)
    assert read_list(tmp_path / "worst.json") == worst
    assert picture(first, source, decoded, info, clip_of(info)).startswith(b"\x89PNG")


def test_a_lossless_point_has_no_worst_frame(tmp_path):
    clean = [natural(144, 176)]
    source, decoded, info = write_pair(tmp_path, clean, clean)
    assert find_worst(source, decoded, info, [None], (176, 144)) == []


def test_another_file_is_not_a_list(tmp_path):
    (tmp_path / "worst.json").write_text('[{"frame": "../x"}]')
    with pytest.raises(ValueError, match="validation error"):
        read_list(tmp_path / "worst.json")
