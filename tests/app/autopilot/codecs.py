"""Codecs of known quality: all reconstruct the same frames, and pad each packet, so that the order in bits is certain."""

from __future__ import annotations

from gpu_agent.contract import EXAMPLE

HEAD = '"""Difference to the previous frame, quantised and deflated: the smallest codec that shows the contract."""'
PLAIN = EXAMPLE.replace("zlib.decompress(packet[1:])", "zlib.decompressobj().decompress(packet[1:])")


def padded(count: int, title: str = "") -> str:
    """The contract's example with so many useless bytes in each packet: more is worse."""
    assert HEAD in EXAMPLE
    code = PLAIN.replace("zlib.compress(levels.tobytes(), 9)", f"zlib.compress(levels.tobytes(), 9) + bytes({count})")
    return code.replace(HEAD, f'"""{title or f"Padded by {count}"}."""')


CRASHING = padded(1, "Crashes").replace(
    "    for packet in packets:\n", '    raise RuntimeError("the tables do not fit")\n    for packet in packets:\n'
)
SLOW_AND_FAT = (
    padded(2000, "Slow and fat")
    .replace("import zlib\n", "import time\nimport zlib\n")
    .replace("    for packet in packets:\n", "    for packet in packets:\n        time.sleep(0.5)\n")
)
ENDLESS = padded(2).replace("    for frame in video:\n", "    while True:\n        pass\n    for frame in video:\n")
CHEATING = padded(0, "Uses a library").replace(
    "import numpy as np\n", "import cv2\nimport numpy as np\n\nHELP = cv2.imencode\n"
)


def reply(code: str, words: str = "This pads less, so it should need fewer bits.") -> str:
    return f"{words}\n\n````python codec\n{code}````\n"


def reworded(code: str) -> str:
    """The same codec with other comments, spaces, docstring and names of local variables."""
    return code.replace("levels", "coded_levels").replace("known", "before") + "\n# nothing else has changed\n"
