"""The parts of the dashboard's function: what is read, the words for it, the pages."""
