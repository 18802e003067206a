"""Parts of pages: each draws one thing from a record or a draft."""
