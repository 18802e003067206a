from __future__ import annotations

import hashlib

from gpu_agent.hashing import file_sha256


def test_a_file_of_several_buffers_is_hashed_whole(tmp_path):
    data = bytes(range(256)) * 5000
    (tmp_path / "planes").write_bytes(data)
    assert file_sha256(tmp_path / "planes") == hashlib.sha256(data).hexdigest()
