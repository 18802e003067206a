"""The audit: facts about a finished experiment that its figures alone do not show. Nobody is accused."""

from .audit import ORDER, audit, judge_again
from .auditor import Auditor

__all__ = ["ORDER", "Auditor", "audit", "judge_again"]
