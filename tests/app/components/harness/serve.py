"""The harness as its own program: `python -m tests.app.components.harness.serve FOLDER` serves app.py, the assets, clips and exact
frames, with the lab's own Streamlit settings, on a free port that it prints."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import cv2
import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.components import ASSETS
from app.server import flat
from app.settings import CONFIG_FOLDER
from tests.app.components.harness.videos import picture, samples

FOLDER = Path(sys.argv[1])


async def clip(request: Request) -> Response:
    path = FOLDER / request.path_params["name"]
    return FileResponse(path) if path.is_file() else PlainTextResponse("no such clip", 404)


async def asset(request: Request) -> Response:
    path = ASSETS.get(request.path_params["name"])
    return FileResponse(path) if path else PlainTextResponse("no such asset", 404)


async def frame(request: Request) -> Response:
    kind, number = request.path_params["kind"], request.path_params["number"]
    if number >= 50:
        return PlainTextResponse("no exact frame", 404)
    png = cv2.imencode(".png", picture(number, kind, exact=True)[..., ::-1])[1].tobytes()
    return Response(png, media_type="image/png")


async def planes(request: Request) -> Response:
    kind, number = request.path_params["kind"], request.path_params["number"]
    if number >= 50:
        return PlainTextResponse("no samples", 404)
    return Response(cv2.imencode(".png", samples(number, kind))[1].tobytes(), media_type="image/png")


async def series(_request: Request) -> Response:
    return JSONResponse({"psnr_y": [30.0 if n == 7 else 40.0 for n in range(60)], "bits": None})


app = st.App(
    Path(__file__).with_name("app.py"),
    routes=[
        Route("/series.json", series),
        Route("/clips/{name}", clip, methods=["GET", "HEAD"]),
        Route("/assets/{name}", asset),
        Route("/frames/{number:int}/{kind}.planes.png", planes),
        Route("/frames/{number:int}/{kind}.png", frame),
    ],
)

if __name__ == "__main__":
    own = {"server.port": 0, "server.address": "127.0.0.1", "logger.hideWelcomeMessage": False}  # it says the port
    app.run(config=dict(flat(tomllib.loads((CONFIG_FOLDER / "config.toml").read_text()))) | own)
