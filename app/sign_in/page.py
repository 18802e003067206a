"""The sign-in page: what anybody sees who may not come in. Plain HTML, because no session of Streamlit begins before."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
STYLE = """
:root { color-scheme: light dark; --page: #f4f5fa; --card: #fff; --text: #1c2033; --soft: #5d6379; --line: #dfe2ec; --button: #4f5bd5; }
@media (prefers-color-scheme: dark) {
  :root { --page: #10121a; --card: #1a1d29; --text: #e6e8f0; --soft: #a0a6bb; --line: #2c3040; --button: #636de8; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px; background: var(--page);
  color: var(--text); font: 16px/1.55 "Source Sans", "Source Sans 3", system-ui, sans-serif; }
main { width: 100%; max-width: 416px; padding: 40px 36px 32px; background: var(--card); border: 1px solid var(--line);
  border-radius: 12px; }
svg { display: block; width: 44px; height: 44px; }
h1 { margin: 20px 0 4px; font-size: 26px; line-height: 1.25; letter-spacing: -.01em; }
p { margin: 0; color: var(--soft); overflow-wrap: anywhere; }
.said { margin-top: 20px; padding: 12px 14px; border: 1px solid var(--line); border-radius: 8px; color: var(--text); }
a.button { display: block; margin-top: 28px; padding: 11px 16px; border-radius: 8px; background: var(--button); color: #fff;
  font-weight: 600; text-align: center; text-decoration: none; }
a.button:hover { filter: brightness(1.08); }
a.button:focus-visible { outline: 3px solid var(--text); outline-offset: 2px; }
.small { margin-top: 14px; font-size: 14px; text-align: center; }
"""
MARK = """<svg viewBox="0 0 44 44" aria-hidden="true"><rect width="44" height="44" rx="10" fill="#4f5bd5"/>
<path d="M11 10 C13 25 20 31 34 32" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/>
<g fill="#fff"><circle cx="11.3" cy="12" r="3"/><circle cx="15.5" cy="23" r="3"/><circle cx="23.5" cy="29.4" r="3"/></g></svg>"""


def stranger(provider: str, to: str, failed: bool = False) -> str:
    """One button. `to`: the path of the lab that was asked for; `failed`: the last try came to nothing."""
    said = "Signing in did not work. Try again; where it keeps failing, the lab's log says why." if failed else ""
    return page(
        "Codec Lab",
        "This lab is open to people it knows.",
        said,
        ("Sign in", f"/sign-in?to={quote(to, safe='')}"),
        f"You sign in at {provider} and come back here.",
    )


def refused(sentence: str) -> str:
    """For somebody who is signed in and may not use the lab."""
    ask = "Ask whoever runs this lab to let you in, or sign in with another address."
    return page("Codec Lab", "This lab is open to people it knows.", sentence, ("Sign out", "/auth/logout"), ask)


def page(title: str, text: str, said: str, button: tuple[str, str], small: str) -> str:
    label, address = button
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Codec Lab</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main>{MARK}<h1>{escape(title)}</h1><p>{escape(text)}</p>"
        + (f'<p class="said" role="alert">{escape(said)}</p>' if said else "")
        + f'<a class="button" href="{escape(address)}">{escape(label)}</a><p class="small">{escape(small)}</p>'
        "</main></body></html>"
    )
