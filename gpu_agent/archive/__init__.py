"""Everything an experiment has as one zip: written, read with suspicion, restored elsewhere, verified in the jail."""

from .layout import ArchiveError
from .read import Archive, open_archive
from .restore import restore
from .write import write_archive

__all__ = ["Archive", "ArchiveError", "open_archive", "restore", "write_archive"]
