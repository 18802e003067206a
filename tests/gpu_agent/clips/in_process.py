"""Reading without a jail, for tests of what is not about the jail: the files are the tests' own."""

from __future__ import annotations

from gpu_agent.clips.decode import identify_file


class InProcess:
    """A `Reading` that decodes in this very process. The lab itself has none."""

    def check(self) -> None:
        """Files can always be read."""

    identify = staticmethod(identify_file)
