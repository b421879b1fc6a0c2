#!/bin/sh
# Installs the packages of the monitoring machine. Runs once, at the first boot,
# and may be repeated.
set -eu
export DEBIAN_FRONTEND=noninteractive

# A machine that boots shares the package lock with others, and mirrors fail.
again() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    if [ "$tries" -ge 10 ]; then
      echo "$* failed 10 times" >&2
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

apt update
apt install --no-install-recommends curl ca-certificates gpg

# Grafana's packages must be signed with the pinned key. Before the key is
# installed, apt does not know the repository.
lib=/usr/local/lib/exopool
sh $lib/grafana-key.sh https://apt.grafana.com/gpg-full.key "$(cat $lib/grafana-key.fingerprint)" /etc/apt/keyrings/grafana.gpg
install -m 0644 $lib/grafana.list /etc/apt/sources.list.d/

apt update
apt install --no-install-recommends prometheus grafana

# Grafana, autoscaler and discovery wait for their secrets and programs.
systemctl daemon-reload
systemctl enable prometheus.service grafana-server.service autoscaler.service discovery.service
systemctl restart prometheus.service
