#!/bin/sh
# Sets up a new member of the pool: node exporter, application, and where it is
# told to drain. Runs once, at the first boot.
set -eu
export DEBIAN_FRONTEND=noninteractive

# A machine that boots shares the package lock with others, and mirrors fail.
apt() {
  tries=0
  until apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"; do
    tries=$((tries + 1))
    if [ "$tries" -ge 10 ]; then
      echo "apt-get $* failed 10 times" >&2
      return 1
    fi
    sleep 5
  done
}

apt update
apt install --no-install-recommends prometheus-node-exporter podman netavark crun apparmor nftables
systemctl daemon-reload
systemctl enable --now prometheus-node-exporter.service application.service
systemctl enable --now drain.socket
