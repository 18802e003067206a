import pytest

from gpu_agent.jail import bubblewrap
from gpu_agent.jail.bubblewrap import NEEDED, Unavailable, explain, find, judge


def test_missing(monkeypatch):
    with pytest.raises(Unavailable, match=r"not installed.*apt install bubblewrap"):
        find("no-such-bubblewrap")


def test_too_old():
    text = "".join(f"    --{option} X  does it\n" for option in NEEDED if option != "size")
    with pytest.raises(Unavailable, match=r"bubblewrap 0\.4\.0 is too old \(no --size\)"):
        judge("/usr/bin/bwrap", "0.4.0", text)


def test_new_enough():
    text = "".join(f"    --{option} X  does it\n" for option in NEEDED)
    assert judge("/usr/bin/bwrap", "0.5.0", text).disable_userns is False
    assert judge("/usr/bin/bwrap", "0.8.0", text + "    --disable-userns   x").disable_userns is True


@pytest.mark.parametrize(
    ("switch", "as_root", "words"),
    [
        ("apparmor", False, "/etc/apparmor.d/bwrap"),
        ("sysctl", False, "sudo sysctl -w"),
        (None, False, "inside most containers"),
        (None, True, "inside most containers"),
    ],
)
def test_refused_namespaces_have_their_sentence(monkeypatch, tmp_path, switch, as_root, words):
    apparmor, sysctl = tmp_path / "apparmor", tmp_path / "sysctl"
    apparmor.write_text("1\n" if switch == "apparmor" else "0\n")
    sysctl.write_text("0\n" if switch == "sysctl" else "1\n")
    monkeypatch.setattr(bubblewrap, "APPARMOR_SWITCH", apparmor)
    monkeypatch.setattr(bubblewrap, "USERNS_SWITCHES", (sysctl, tmp_path / "none"))
    said = "bwrap: setting up uid map: Permission denied\n"
    assert words in explain(said, as_root)
    assert "setting up uid map" in explain(said, as_root)


def test_unreadable_python_has_its_sentence():
    assert "chmod -R go+rX" in explain("setpriv: failed to execute /x/python: Permission denied", True)
