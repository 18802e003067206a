"""`python -m app`: the lab's server, as `./lab` starts it."""

import sys

from app.components import ASSETS
from app.server import serve
from app.settings import AppSettings
from app.sign_in import SignInError

if __name__ == "__main__":
    try:
        serve(AppSettings(), ASSETS)
    except SignInError as problem:
        sys.exit(f"The lab does not start: {problem}")
