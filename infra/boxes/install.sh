#!/bin/bash
# install.sh RELEASE [VERB]: make this unpacked release the one that runs, or leave the one before running and fail:
# with 3 where this one did not answer and the one before was started again, with 1 or a command's own status otherwise.
# VERB is systemctl's for a release that is `current` already: restart, or start at boot, where systemd has started it.
set -euo pipefail
release=$1
verb=${2:-restart}
set -a; . /etc/codec-lab/box.env; set +a
folder=/opt/codec-lab/releases/$release
boxes=$folder/infra/boxes
wheels=$(cat "$folder/WHEELS")
python=$(cat "$folder/PYTHON")
venv=/opt/codec-lab/venvs/$wheels
unit=codec-lab-$ROLE.service
units=("$unit")
if [ "$ROLE" = orchestrator ]; then units+=(codec-lab-autopilot.service); fi
export DEBIAN_FRONTEND=noninteractive

# dpkg does not wait for a first boot's upgrades, and apt-get, which does, fails at once while they download.
bubblewrap() {
  local said
  until said=$(LC_ALL=C dpkg --install /opt/codec-lab/wheels/bubblewrap_*.deb 2>&1); do
    if [[ $said != *"locked by another process"* ]] || [ "$SECONDS" -gt 900 ]; then echo "$said" >&2; return 1; fi
    sleep 2
  done
}

install -d -m 755 /run/codec-lab /opt/codec-lab/venvs /opt/codec-lab/wheels
touch /run/codec-lab/busy
id codec-lab >/dev/null 2>&1 || useradd --system --home-dir /var/lib/codec-lab --shell /usr/sbin/nologin codec-lab
install -d -m 700 -o codec-lab -g codec-lab /var/lib/codec-lab
command -v "$python" >/dev/null || dnf install -y -q "$python"

if [ ! -e "$venv/complete" ]; then
  echo "Installing the wheels $wheels for $python"
  rm -rf "$venv" /opt/codec-lab/wheels/*
  aws s3 cp --only-show-errors "s3://$RELEASES/wheels/$ROLE/$wheels.tar" "/opt/codec-lab/wheels/$wheels.tar"
  tar -xf "/opt/codec-lab/wheels/$wheels.tar" -C /opt/codec-lab/wheels
  rm "/opt/codec-lab/wheels/$wheels.tar"
  (cd /opt/codec-lab/wheels && sha256sum --check --quiet SHA256SUMS && [ "$(sha256sum < SHA256SUMS | cut -d' ' -f1)" = "$wheels" ])
  if [ "$ROLE" = worker ] && ! command -v bwrap >/dev/null; then bubblewrap; fi
  # Without ensurepip, which Ubuntu keeps in a package of its own: pip runs from its wheel, which is a file and no
  # folder, so that the shell finds nothing where the pattern goes on behind it.
  "$python" -m venv --without-pip "$venv"
  pip=(/opt/codec-lab/wheels/pip-*.whl)
  "$venv/bin/python" "${pip[0]}/pip" install --quiet --no-cache-dir --no-index \
    --find-links /opt/codec-lab/wheels --requirement "$folder/requirements.txt"
  chmod -R go+rX "$venv"
  rm -rf /opt/codec-lab/wheels/*
  touch "$venv/complete"
fi

if [ "$ROLE" = worker ] && [ -d /etc/apparmor.d ] && ! cmp -s "$boxes/bwrap.apparmor" /etc/apparmor.d/bwrap; then
  install -m 644 "$boxes/bwrap.apparmor" /etc/apparmor.d/bwrap
  apparmor_parser --replace /etc/apparmor.d/bwrap
fi

# The units are those of the release that runs, also after going back; those that the box does not need are never enabled.
use() {
  [ "$(readlink /opt/codec-lab/current)" = "$1" ] || verb=restart
  install -m 644 "$1"/infra/boxes/codec-lab-*.{service,timer} /etc/systemd/system/
  ln -sfn "$1" /opt/codec-lab/next && mv -T /opt/codec-lab/next /opt/codec-lab/current
  systemctl daemon-reload
  # A unit that cannot even start is one that does not answer.
  systemctl "$verb" "${units[@]}" || true
}

# `current` may be a release that was never seen running, where the machine stopped in the middle of this script.
before=$(readlink /opt/codec-lab/seen || true)
use "$folder"
if ! "$venv/bin/python" "$boxes/healthy.py" "$(cat "$folder/PORT")" "$(cat "$folder/BUILD")" ${HEALTHY_SECONDS:+"$HEALTHY_SECONDS"}; then
  journalctl --unit "$unit" --lines 60 --no-pager --output cat >&2
  if [ -n "$before" ] && [ "$before" != "$folder" ]; then
    echo "The release $release does not answer as it should; back to ${before##*/}." >&2
    use "$before"
    exit 3
  fi
  exit 1
fi
ln -sfn "$folder" /opt/codec-lab/next && mv -T /opt/codec-lab/next /opt/codec-lab/seen
touch /run/codec-lab/installed
systemctl enable --quiet "${units[@]}" codec-lab-logs.service
systemctl restart codec-lab-logs.service
if [ "$ROLE" = worker ]; then systemctl enable --quiet --now codec-lab-idle.timer; fi
# The three newest releases stay for going back; environments that none of them names go.
ls -1dt /opt/codec-lab/releases/*/ | tail -n +4 | while read -r old; do
  [ "${old%/}" = "$folder" ] || rm -rf "$old"
done
declare -A named
# WHEELS has no newline, so several of them read together would be one line.
for file in /opt/codec-lab/releases/*/WHEELS; do named[$(cat "$file")]=1; done
for old in /opt/codec-lab/venvs/*/; do
  [ -n "${named[$(basename "$old")]:-}" ] || rm -rf "$old"
done
echo "The release $release runs."
