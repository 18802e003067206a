"""The toolbox that a codec may import inside the jail: `from codec_kit import Frame, VideoInfo`."""

from .frames import Frame, VideoInfo

__all__ = ["Frame", "VideoInfo"]
