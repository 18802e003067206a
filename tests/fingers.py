"""A phone, and real touches on its pages through Chromium's DevTools."""

from __future__ import annotations

import numpy as np

AGENT = (
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile Safari/537.36"
)
PHONE = {"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 844}, "user_agent": AGENT}
STEPS = 8


class Fingers:
    """Touches of one page, in its coordinates. A finger stays down until it is lifted."""

    def __init__(self, page):
        self.cdp, self.down = page.context.new_cdp_session(page), {}

    def send(self, kind: str, numbers=None) -> None:
        """Of all fingers; an end is of those alone that are lifted."""
        points = [{"x": x, "y": y, "id": n} for n, (x, y) in self.down.items() if numbers is None or n in numbers]
        self.cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def put(self, **at) -> None:
        """One finger after another, as hands do it."""
        for name, place in at.items():
            self.down[ord(name)] = place
            self.send("touchStart")

    def move(self, **to) -> None:
        begun = {name: np.array(self.down[ord(name)], float) for name in to}
        for step in range(1, STEPS + 1):
            for name, end in to.items():
                place = begun[name] + (np.array(end) - begun[name]) * step / STEPS
                self.down[ord(name)] = tuple(float(v) for v in place)
            self.send("touchMove")

    def lift(self, *names: str) -> None:
        for name in names or [chr(n) for n in self.down]:
            self.send("touchEnd", [ord(name)])
            del self.down[ord(name)]

    def tap(self, place) -> None:
        self.put(a=place)
        self.lift("a")
