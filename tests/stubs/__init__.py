"""Local stand-ins for services that the tests must not call."""
