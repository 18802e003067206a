"""Experiments in one SQLite file (WAL): the default home, nothing to install, shared by agent and lab processes."""

from .experiments import LocalExperiments

__all__ = ["LocalExperiments"]
