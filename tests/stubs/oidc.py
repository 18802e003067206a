"""An OpenID Connect provider as Google or Okta is one, on this machine: it signs in at once whom the test names.

Authorization code flow with PKCE, RS256, discovery, keys and the way out. It refuses what a real one refuses: a client
it does not know, another redirect_uri, a code used twice, a verifier that does not fit.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "codec-lab", "the client's secret"


class Provider:
    """Serves from a thread. `person`: claims of who signs in next; None: they say no. `signer`: what signs, its own key
    unless a test puts another in its place."""

    def __init__(self) -> None:
        self.key = self.signer = new_key()
        self.person: dict[str, Any] | None = {}
        self.codes: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"provider": self}))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def metadata_url(self) -> str:
        return f"{self.url}/.well-known/openid-configuration"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "end_session_endpoint": f"{self.url}/logout",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser goes next."""
        assert (query["client_id"], query["response_type"]) == (CLIENT, "code")
        assert query["code_challenge_method"] == "S256"
        if self.person is None:
            return back(query["redirect_uri"], error="access_denied", state=query["state"])
        code = secrets.token_urlsafe(16)
        self.codes[code] = query | {"person": self.person}
        return back(query["redirect_uri"], code=code, state=query["state"])

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any]:
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = self.codes.pop(form["code"])
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        if (
            authorization != expected
            or asked["redirect_uri"] != form["redirect_uri"]
            or challenge.decode().rstrip("=") != asked["code_challenge"]
        ):
            raise PermissionError
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 600, "nonce": asked["nonce"]}
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims | {"sub": "1"} | asked["person"], self.signer)
        return {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "id_token": signed}


def new_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})


def back(address: str, **query: str) -> str:
    return f"{address}?{urlencode(query)}"


class Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.provider.asked.append(parts.path)
        match parts.path:
            case "/.well-known/openid-configuration":
                self.answer(self.provider.metadata())
            case "/jwks":
                self.answer({"keys": [self.provider.key.as_dict(private=False)]})
            case "/authorize":
                self.redirect(self.provider.authorize(query))
            case "/logout":
                self.redirect(query["post_logout_redirect_uri"])
            case _:
                self.answer({"error": "not_found"}, 404)

    def do_POST(self) -> None:
        self.provider.asked.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        try:
            self.answer(self.provider.token(form, self.headers.get("Authorization", "")))
        except (KeyError, PermissionError):
            self.answer({"error": "invalid_grant"}, 400)

    def redirect(self, address: str) -> None:
        self.send_response(302)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self, value: dict[str, Any], status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass
