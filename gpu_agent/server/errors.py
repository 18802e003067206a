"""An error that the API answers with: a status, a code for programs and a sentence for people."""

from __future__ import annotations


class ApiError(Exception):
    """`headers`: what this status asks for beside the body, such as Allow or Retry-After."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None):
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}


def not_found(what: str) -> ApiError:
    return ApiError(404, "not_found", what)
