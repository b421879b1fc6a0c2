#!/bin/sh
# Starts everything with the present configuration, and waits until it answers:
# start.sh [URL OF THE APPLICATION].
set -eu
application=${1:-}

# annotating lets the autoscaler annotate in Grafana if it has a token for that.
# systemd would not start it without a credential that its unit names.
annotating() {
  if [ ! -s /etc/exopool/grafana-token ]; then
    rm -f /etc/systemd/system/autoscaler.service.d/grafana.conf
    return
  fi
  mkdir -p /etc/systemd/system/autoscaler.service.d
  tee /etc/systemd/system/autoscaler.service.d/grafana.conf >/dev/null <<'END'
[Service]
LoadCredential=grafana-token:/etc/exopool/grafana-token
Environment=GRAFANA_TOKEN_FILE=%d/grafana-token
Environment=AUTOSCALER_GRAFANA_URL=http://127.0.0.1:3000
END
}

annotating
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
        echo "The key of this machine lacks the rights it needs. If policies of this account cannot distinguish pools," >&2
        echo "apply with -var pinned_key=false; then the key may resize every pool." >&2 ;;
    esac
    return 1
  fi
}

# ask PATH [OPTION OF CURL...] sends a request to Grafana as admin, and writes the
# answer. curl reads the password from a pipe, because other users can see
# arguments.
ask() {
  path=$1
  shift
  password=$(sed -n 's/^GF_SECURITY_ADMIN_PASSWORD=//p' /etc/exopool/grafana.env)
  printf 'user = "admin:%s"\n' "$password" | curl -s --max-time 10 -K - "$@" "http://127.0.0.1:3000$path"
}

# grafana is ask without the answer.
grafana() {
  ask "$@" -o /dev/null
}

runs prometheus.service http://127.0.0.1:9090/-/ready
runs discovery.service http://127.0.0.1:8091/readyz
runs autoscaler.service http://127.0.0.1:8090/readyz
runs grafana-server.service http://127.0.0.1:3000/api/health

# has WHAT PATH: waits until Grafana has loaded what its files describe. It skips
# what it cannot read with no more than a line in its log.
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

# knows: Grafana has loaded all its files and can query Prometheus. Alerts that
# cannot query look the same as alerts that do not fire.
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

# annotates gives the autoscaler a token with which it annotates each resize in
# Grafana, if it has none or Grafana refuses it. One that could not be tried stays:
# it is as valid as another would be.
annotates() {
  if [ -s /etc/exopool/grafana-token ]; then
    status=$(printf 'header = "Authorization: Bearer %s"\n' "$(cat /etc/exopool/grafana-token)" |
      curl -s --max-time 10 -o /dev/null -w '%{http_code}' -K - "http://127.0.0.1:3000/api/annotations?limit=1") || true
    case $status in 401 | 403) ;; *) return ;; esac
  fi
  # Names of accounts are unique, and one may be left from before.
  account=$(ask /api/serviceaccounts -f -H 'Content-Type: application/json' \
    -d "{\"name\": \"autoscaler $(date +%s)\", \"role\": \"Editor\"}" | sed -n 's/.*"id":\([0-9]*\).*/\1/p') || true
  key=$(ask "/api/serviceaccounts/${account:-0}/tokens" -f -H 'Content-Type: application/json' \
    -d '{"name": "annotations"}' | sed -n 's/.*"key":"\([A-Za-z0-9_-]*\)".*/\1/p') || true
  if [ -z "$key" ]; then
    echo "grafana gives the autoscaler no token: resizes are not annotated" >&2
    return
  fi
  rm -f /etc/exopool/grafana-token.new
  (umask 077 && echo "$key" | tee /etc/exopool/grafana-token.new >/dev/null)
  mv -f /etc/exopool/grafana-token.new /etc/exopool/grafana-token
  annotating
  systemctl daemon-reload
  systemctl restart autoscaler.service
  runs autoscaler.service http://127.0.0.1:8090/readyz
}

# Grafana reads the password from the file only when it creates its database. A
# password that was changed in Grafana stays, and must not prevent an apply.
if [ "$(grafana /api/org -w '%{http_code}')" = 401 ]; then
  echo "grafana refuses the password of its user admin: it was changed in grafana since the first apply, or" >&2
  echo "wrong passwords have locked the login, which lasts five minutes at a time;" >&2
  echo "alert rules and dashboards were not checked: look for them in grafana" >&2
else
  knows
  annotates
fi

if [ -n "$application" ]; then
  answers "the application, behind the load balancer," "$application" 300
fi
