"""A hint, not a proof: which library codecs are used while the codec runs, seen from inside its own jail.

The codec shares the interpreter with this watch and could undo or forge it. So what is seen only adds a label; seeing
nothing proves nothing, and the text of the badge says no more than that.
"""

from __future__ import annotations

from .bench import Bench
from .fresh import FreshClip
from .library_codec import CALLS, MODULES

WATCH = """\
import sys as _sys

def _watch(mark, calls, modules):
    said = set()

    def say(name):
        if name not in said:
            said.add(name)
            print(mark + name, flush=True)

    def on_event(event, arguments):
        if event == "import" and any(arguments[0] == m or arguments[0].startswith(m + ".") for m in modules):
            say(arguments[0])

    def watched(name, real):
        def call(*args, **kwargs):
            say("cv2." + name)
            return real(*args, **kwargs)
        return call

    if "cv2" in {source!r}:
        import cv2
        for name in calls:
            if hasattr(cv2, name):
                setattr(cv2, name, watched(name, getattr(cv2, name)))
    _sys.addaudithook(on_event)

_watch({mark!r}, {calls!r}, {modules!r})
exec(compile({source!r}, "codec.py", "exec"), globals())
"""


def seen_running(bench: Bench, clip: FreshClip) -> list[str] | None:
    """Encode and decode the fresh clip once under watch. None where the codec does not run that way."""
    mark = f"\u00b7{bench.random('mark').getrandbits(64):016x} "
    code = WATCH.format(mark=mark, calls=sorted(CALLS), modules=MODULES, source=bench.experiment.code)
    rate = bench.experiment.rates[len(bench.experiment.rates) // 2]
    packets: list[bytes] = []
    outcomes = [bench.encode(clip.planes, clip.info, rate, packets.append, code)]
    if outcomes[0].ok:
        outcomes.append(bench.decode(packets, clip.info, lambda frame: None, code=code))
    seen = [line.removeprefix(mark) for o in outcomes for line in o.log.splitlines() if line.startswith(mark)]
    names = [name for name in dict.fromkeys(seen) if name.removeprefix("cv2.") in CALLS or name.startswith(MODULES)]
    return names if names or all(o.ok for o in outcomes) else None
