"""The parts of the admin API's function: the call, its record and key, and what each action does."""
