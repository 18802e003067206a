#!/bin/bash
# install.sh RELEASE: make this unpacked release the one that runs, or leave the one before running and fail.
set -euo pipefail
release=$1
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
  if [ "$ROLE" = worker ] && ! command -v bwrap >/dev/null; then dpkg --install /opt/codec-lab/wheels/bubblewrap_*.deb; fi
  # Without ensurepip, which Ubuntu keeps in a package of its own: pip runs from its wheel.
  "$python" -m venv --without-pip "$venv"
  "$venv/bin/python" /opt/codec-lab/wheels/pip-*.whl/pip install --quiet --no-cache-dir --no-index \
    --find-links /opt/codec-lab/wheels --requirement "$folder/requirements.txt"
  chmod -R go+rX "$venv"
  rm -rf /opt/codec-lab/wheels/*
  touch "$venv/complete"
fi

if [ "$ROLE" = worker ] && [ -d /etc/apparmor.d ] && ! cmp -s "$boxes/bwrap.apparmor" /etc/apparmor.d/bwrap; then
  install -m 644 "$boxes/bwrap.apparmor" /etc/apparmor.d/bwrap
  apparmor_parser --replace /etc/apparmor.d/bwrap
fi
install -m 644 "${units[@]/#/$boxes/}" "$boxes/codec-lab-logs.service" /etc/systemd/system/
if [ "$ROLE" = worker ]; then install -m 644 "$boxes"/codec-lab-idle.{service,timer} /etc/systemd/system/; fi
systemctl daemon-reload

use() {
  ln -sfn "$1" /opt/codec-lab/next && mv -T /opt/codec-lab/next /opt/codec-lab/current
  systemctl restart "${units[@]}"
}

before=$(readlink /opt/codec-lab/current || true)
use "$folder"
if ! "$venv/bin/python" "$boxes/healthy.py" "$(cat "$folder/PORT")" "$(cat "$folder/BUILD")"; then
  journalctl --unit "$unit" --lines 60 --no-pager --output cat >&2
  if [ -n "$before" ] && [ "$before" != "$folder" ]; then
    echo "The release $release does not answer as it should; back to ${before##*/}." >&2
    use "$before"
  fi
  exit 1
fi
systemctl enable --quiet "${units[@]}" codec-lab-logs.service
systemctl restart codec-lab-logs.service
if [ "$ROLE" = worker ]; then systemctl enable --quiet --now codec-lab-idle.timer; fi
# The three newest releases stay for going back; environments that none of them names go.
ls -1dt /opt/codec-lab/releases/*/ | tail -n +4 | while read -r old; do
  [ "${old%/}" = "$folder" ] || rm -rf "$old"
done
for old in /opt/codec-lab/venvs/*/; do
  cat /opt/codec-lab/releases/*/WHEELS | grep -qx "$(basename "$old")" || rm -rf "$old"
done
echo "The release $release runs."
