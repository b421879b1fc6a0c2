#!/bin/sh
# Installs on the monitoring machine what was uploaded into deployment, and starts
# it: install.sh BUILT-FROM URL. BUILT-FROM says what the programs are built from;
# the URL is that of the application. Removes the uploaded files in any case.
set -eu
built_from=$1
url=$2
record=/usr/local/lib/exopool/built-from

build=''
finish() {
  if [ -n "$build" ]; then
    # timeout, and the group that it leads from its start on.
    kill -s KILL "$build" 2>/dev/null || true
    kill -s KILL -- "-$build" 2>/dev/null || true
  fi
  rm -rf deployment
}
trap finish EXIT

# Beside the first boot, which mostly waits for mirrors.
if [ ! -e deployment/programs/discovery ] && [ "$(cat "$record" 2>/dev/null)" != "$built_from" ]; then
  echo 'no programs were uploaded: building them on this machine'
  timeout 900 sh deployment/build.sh deployment/source.tar deployment/programs 2>&1 &
  build=$!
fi

echo 'waiting for the first boot to end'
# 2 means done, with warnings.
cloud-init status --wait >/dev/null || test $? -eq 2 || {
  sudo tail -n 40 /var/log/cloud-init-output.log
  exit 1
}

if [ -n "$build" ]; then
  result=0
  wait "$build" || result=$?
  build=''
  if [ "$result" -ne 0 ]; then
    test "$result" -ne 124 || echo 'building took longer than 15 minutes' >&2
    echo 'the programs could not be built on this machine, for the reason above: apply again, install Go where' >&2
    echo 'Terraform runs, or set release_url' >&2
    exit 1
  fi
fi

sudo install -d -m 0755 /etc/exopool
if [ -e deployment/programs/discovery ]; then
  sudo install -m 0755 deployment/programs/autoscaler deployment/programs/discovery /usr/local/bin/
  echo "$built_from" | sudo tee "$record" >/dev/null
fi
sudo install -m 0600 deployment/secret/* /etc/exopool/
sudo install -m 0644 deployment/exopool.env /etc/exopool/
# Files of an earlier version would be loaded with the rest.
sudo rm -rf /etc/exopool/rules /etc/exopool/rules-optional /etc/grafana/dashboards
sudo find /etc/grafana/provisioning -name '*.yaml' -delete
sudo cp -R --no-preserve=mode,ownership deployment/static/. /
sudo install -m 0644 deployment/prometheus.yml /etc/exopool/
sudo install -m 0644 deployment/rules/* /etc/exopool/rules/
sudo sh /usr/local/lib/exopool/start.sh "$url"
