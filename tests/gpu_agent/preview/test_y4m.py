from __future__ import annotations

import io
import subprocess

import imageio_ffmpeg
import pytest

from gpu_agent.clips.decode import FileReader
from gpu_agent.clips.identity import identify, trailer
from gpu_agent.preview import plane_y4m


@pytest.mark.parametrize("full_range", [False, True])
def test_what_is_written_reads_back_as_the_same_clip(numbered, tmp_path, full_range):
    import hashlib

    planes, info = numbered(5, "30000/1001")
    path = tmp_path / "a.y4m"
    with path.open("wb") as file:
        plane_y4m(planes, info, file, full_range=full_range)
    reader = FileReader(path)
    expected = hashlib.sha256(planes.read_bytes() + trailer(info.width, info.height, info.fps)).hexdigest()
    assert identify(reader) == expected
    assert reader.facts.full_range == full_range


def test_ffmpeg_reads_the_very_samples(numbered, tmp_path):
    planes, info = numbered(4, "24000/1001", 48, 34)
    path = tmp_path / "a.y4m"
    with path.open("wb") as file:
        plane_y4m(planes, info, file)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-f", "rawvideo", "-"]
    assert subprocess.run(command, capture_output=True, check=True).stdout == planes.read_bytes()


def test_a_short_file_is_an_error(numbered):
    planes, info = numbered(4)
    with pytest.raises(ValueError, match="ends before frame 4"):
        plane_y4m(planes, info._replace(frames=6), io.BytesIO())
