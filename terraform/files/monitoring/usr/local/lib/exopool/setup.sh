#!/bin/sh
# Installs what the monitoring machine takes from package repositories. Runs
# once, at the first boot, and may be repeated.
set -eu
export DEBIAN_FRONTEND=noninteractive

# A machine that boots shares the package lock with others, and mirrors fail.
again() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    if [ "$tries" -ge 10 ]; then
      echo "$* fails again and again" >&2
      return 1
    fi
    sleep 5
  done
}

apt() {
  again apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"
}

systemd-sysusers /etc/sysusers.d/exopool.conf
systemd-tmpfiles --create /etc/tmpfiles.d/exopool.conf

# Grafana has changed its key before, so it is taken fresh, over HTTPS.
if ! command -v curl >/dev/null; then
  apt update || true
  apt install --no-install-recommends curl ca-certificates
fi
install -d -m 0755 /etc/apt/keyrings
again curl -fsSL --max-time 60 -o /etc/apt/keyrings/grafana.asc https://apt.grafana.com/gpg-full.key

apt update
apt install --no-install-recommends prometheus grafana

# Grafana, autoscaler and discovery wait for their secrets and programs.
systemctl daemon-reload
systemctl enable prometheus.service grafana-server.service autoscaler.service discovery.service
systemctl restart prometheus.service
