"""What goes to Claude when a person asks: the wording of the turn, the draft and what its run measured."""

from __future__ import annotations

import streamlit as st

from app.claude.prompt import fix, fresh, improve
from app.claude.store import Busy
from app.drafts import Draft
from app.results.headline import by_clip
from app.results.verdict import verdict
from app.services import Services
from gpu_agent.models import Experiment, Status


def send_wish(services: Services, draft: Draft, wish: str, with_code: bool | None = None) -> None:
    """A person's own words, with the code in the editor unless told otherwise."""
    along = st.session_state.get("claude-with-code", True) if with_code is None else with_code
    if along and draft.text.strip():
        run = services.store.get(draft.experiment_id) if draft.experiment_id else None
        measured = evidence(run) if run is not None and run.code == draft.text else ""
        ask(services, draft, wish, improve(wish, draft.text, measured), "improve")
    else:
        ask(services, draft, wish, fresh(wish), "fresh")


def ask_fix(services: Services, draft: Draft, failed: Experiment) -> None:
    message = failed.error.message if failed.error else ""
    category = failed.error.category if failed.error else "lost"
    ask(services, draft, "Fix the failed run.", fix(failed.code, category, message, failed.log), "fix")


def evidence(experiment: Experiment) -> str:
    """What a run measured, as Claude reads it: the verdict and a line for each point; nothing for a run without points."""
    if experiment.status is not Status.SUCCEEDED or not experiment.results:
        return ""
    lines = [verdict(experiment).text]
    for clip, rows in by_clip(experiment).items():
        lines.append(f"{clip}, first {rows[0].frames} frames:")
        lines += [
            f"- rate {r.rate:g}: {r.kbps:.1f} kbit/s, PSNR-YUV {r.psnr_yuv:.2f} dB, Y-PSNR {r.psnr_y:.2f} dB, "
            + ("lossless" if r.lossless else f"SSIM {r.ssim:.4f}" if r.ssim is not None else "no SSIM")
            + f", encode {r.encode_fps:.1f} fps, decode {r.decode_fps:.1f} fps"
            for r in rows
        ]
    return "\n".join(lines)


def ask(services: Services, draft: Draft, prompt: str, content: str, kind: str) -> None:
    """Start a turn and show it; the page then polls it."""
    if not draft.conversation_id:
        draft.conversation_id = services.chat.store.create().id
        services.drafts.update(draft.id, conversation_id=draft.conversation_id)
    try:
        services.chat.ask(
            draft.conversation_id,
            prompt,
            services.connection,
            content=content,
            kind=kind,
            model=st.session_state.get("claude-model", services.settings.claude_model),
            effort=st.session_state.get("claude-effort", services.settings.claude_effort),
        )
    except Busy as e:  # another tab asked first
        st.toast(str(e), icon=":material/hourglass_top:")
    st.rerun()
