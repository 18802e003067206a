"""Everything about talking to Claude, as plain Python: the prompt, one streamed turn, the codec in it, the history.

The road of one question: `prompt` words it, `chat.ask` stores it and starts a `turn`, `reply.read_codec` takes the
codec out of what came back, `store` keeps all of it. Nothing here knows Streamlit, and nothing reads the environment.
"""
