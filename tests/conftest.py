"""What holds for every test: an example of Hypothesis may take as long as a busy machine needs for it."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("lab", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lab")
