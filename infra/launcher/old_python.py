"""Whether this Python can run the lab. The only module that Pythons before 3.11 read, so its syntax stays plain."""

import os

OLDEST = (3, 11)


def problem(version, argv):
    """None, or the sentence that says which Python is needed; names a newer one where the machine has it."""
    if tuple(version[:2]) >= OLDEST:
        return None
    sentence = "Codec Lab needs Python %d.%d or newer; this is Python %d.%d." % (OLDEST + tuple(version[:2]))  # noqa: UP031
    for minor in range(OLDEST[1] + 9, OLDEST[1] - 1, -1):
        name = "python3.%d" % minor  # noqa: UP031
        folders = os.environ.get("PATH", "").split(os.pathsep)
        if any(os.access(os.path.join(folder, name), os.X_OK) for folder in folders):
            return sentence + " Run: " + " ".join([name] + list(argv))  # noqa: RUF005
    return sentence
