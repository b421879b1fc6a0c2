#!/bin/sh
# Starts everything with the configuration that is there now, and waits until
# it answers: start.sh [URL OF THE APPLICATION].
set -eu
application=${1:-}

systemctl daemon-reload
systemctl restart prometheus.service discovery.service autoscaler.service grafana-server.service

# answers WHAT URL SECONDS: waits until the URL answers with success.
answers() {
  end=$(($(date +%s) + $3))
  until curl -fs --max-time 5 -o /dev/null "$2"; do
    if [ "$(date +%s)" -ge "$end" ]; then
      echo "$1 does not answer on $2" >&2
      return 1
    fi
    sleep 2
  done
  echo "$1 answers"
}

# runs UNIT URL: waits until a service answers, and shows the end of its log if
# it does not.
runs() {
  if ! answers "$1" "$2" 120; then
    lines=$(journalctl --no-pager --lines 20 --unit "$1" || true)
    echo "$lines" >&2
    case $lines in
      *"Forbidden by role policy"*)
        echo "The key of this machine may not do what it is for. If policies of this account cannot tell pools apart," >&2
        echo "apply with -var pinned_key=false; then the key may resize every pool." >&2 ;;
    esac
    return 1
  fi
}

# grafana PATH [OPTION OF CURL...] asks as admin. The password reaches curl by a
# pipe: arguments can be seen by everyone.
grafana() {
  path=$1
  shift
  password=$(sed -n 's/^GF_SECURITY_ADMIN_PASSWORD=//p' /etc/exopool/grafana.env)
  printf 'user = "admin:%s"\n' "$password" | curl -s --max-time 10 -o /dev/null -K - "$@" "http://127.0.0.1:3000$path"
}

runs prometheus.service http://127.0.0.1:9090/-/ready
runs discovery.service http://127.0.0.1:8091/readyz
runs autoscaler.service http://127.0.0.1:8090/readyz
runs grafana-server.service http://127.0.0.1:3000/api/health

# has WHAT PATH: waits until Grafana knows what its files describe. Of some faults
# in them it writes a line to its log, and carries on without.
has() {
  tries=0
  until grafana "$2" -f 2>/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -ge 15 ]; then
      echo "grafana has no $1" >&2
      journalctl --no-pager --lines 200 --unit grafana-server.service | grep -i provisioning >&2 || true
      return 1
    fi
    sleep 2
  done
}

# knows: Grafana has all that its files describe, and can ask Prometheus: alerts
# that cannot are silent, like those that have nothing to report.
knows() {
  rules=$(sed -n 's/^ *- uid: //p' /etc/grafana/provisioning/alerting/rules.yaml /etc/grafana/provisioning/alerting/health.yaml)
  for uid in $rules; do
    has "alert rule $uid" "/api/v1/provisioning/alert-rules/$uid" || return 1
  done
  dashboards=$(sed -n 's/^  "uid": "\(.*\)",$/\1/p' /etc/grafana/dashboards/*.json)
  for uid in $dashboards; do
    has "dashboard $uid" "/api/dashboards/uid/$uid" || return 1
  done
  echo "grafana has its alert rules and dashboards"
  if ! grafana /api/datasources/uid/prometheus/health -f; then
    echo "grafana cannot query prometheus" >&2
    return 1
  fi
  echo "grafana can query prometheus"
}

# The password of the file counts when Grafana makes its database. Who changes it
# in Grafana shall keep it, and be able to apply.
if [ "$(grafana /api/org -w '%{http_code}')" = 401 ]; then
  echo "grafana's user admin has another password now than terraform output grafana_password tells;" >&2
  echo "or somebody guesses at it, which locks the login for five minutes at a time;" >&2
  echo "so alert rules and dashboards were not checked: see in grafana whether they are there" >&2
else
  knows
fi

if [ -n "$application" ]; then
  answers "the application, behind the load balancer," "$application" 300
fi
