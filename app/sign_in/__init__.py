"""Signing in by OpenID Connect, where a person has configured it: who may use the lab, and the gate before everything.

Streamlit's own `[auth]` does the talking with the provider and signs the cookie; what is here decides. No Streamlit
session begins, and no route answers, before the gate has seen a valid cookie of somebody who may use the lab.
"""

from app.sign_in.configured import SignIn, SignInError, sign_in
from app.sign_in.gate import Gate

__all__ = ["Gate", "SignIn", "SignInError", "sign_in"]
