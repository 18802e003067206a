"""`python -m app`: the lab's server, as `./lab` starts it."""

from app.components import ASSETS
from app.server import serve
from app.settings import AppSettings

if __name__ == "__main__":
    serve(AppSettings(), ASSETS)
