import argparse
import contextlib

from .server import Stub

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Stub of the Claude Messages API.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8790, help="0 picks a free one")
    args = parser.parse_args()
    stub = Stub(args.port, args.host)
    print(f"Messages API stub on {stub.url}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        stub.server.serve_forever()
