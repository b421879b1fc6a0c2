#!/bin/bash
set -e
export DEBIAN_FRONTEND=noninteractive

apt-get update
apt-get install -y docker.io

docker network create monitoring

# Service discovery
mkdir -p /srv/service-discovery
chmod a+rwx /srv/service-discovery
docker run -d \
  --restart=always \
  --name=servicediscovery \
  --network=monitoring \
  -v /srv/service-discovery:/srv/service-discovery \
  -e EXOSCALE_KEY=${exoscale_key} \
  -e EXOSCALE_SECRET=${exoscale_secret} \
  -e EXOSCALE_ZONE=${zone} \
  -e EXOSCALE_INSTANCEPOOL_ID=${instance_pool_id} \
  -e TARGET_PORT=${target_port} \
  cloudgroup7/servicediscovery

# Prometheus
cat <<CONFIG >/srv/prometheus.yml
global:
  scrape_interval: 5s
scrape_configs:
  - job_name: pool
    file_sd_configs:
      - files:
          - /srv/service-discovery/config.json
        refresh_interval: 10s
CONFIG
docker run -d \
  --restart=always \
  --name=prometheus \
  --network=monitoring \
  -p 9090:9090 \
  -v /srv/prometheus.yml:/etc/prometheus/prometheus.yml \
  -v /srv/service-discovery:/srv/service-discovery \
  prom/prometheus

# Autoscaler
docker run -d \
  --restart=always \
  --name=autoscaler \
  --network=monitoring \
  -e EXOSCALE_KEY=${exoscale_key} \
  -e EXOSCALE_SECRET=${exoscale_secret} \
  -e EXOSCALE_ZONE=${zone} \
  -e EXOSCALE_INSTANCEPOOL_ID=${instance_pool_id} \
  -e LISTEN_PORT=8090 \
  cloudgroup7/autoscaler

# Grafana
mkdir -p /srv/grafana/datasources /srv/grafana/alerting
cat <<DATASOURCE >/srv/grafana/datasources/prometheus.yaml
apiVersion: 1
datasources:
  - name: Prometheus
    uid: prometheus
    type: prometheus
    access: proxy
    url: http://prometheus:9090
DATASOURCE
cat <<ALERTING >/srv/grafana/alerting/autoscaling.yaml
apiVersion: 1
contactPoints:
  - orgId: 1
    name: up
    receivers:
      - uid: up
        type: webhook
        disableResolveMessage: true
        settings: {url: "http://autoscaler:8090/up"}
  - orgId: 1
    name: down
    receivers:
      - uid: down
        type: webhook
        disableResolveMessage: true
        settings: {url: "http://autoscaler:8090/down"}
policies:
  - orgId: 1
    receiver: up
    group_by: [alertname]
    routes:
      - receiver: up
        object_matchers: [[scale, "=", up]]
        group_wait: 0s
        group_interval: 10s
        repeat_interval: 50s
      - receiver: down
        object_matchers: [[scale, "=", down]]
        group_wait: 0s
        group_interval: 10s
        repeat_interval: 50s
groups:
  - orgId: 1
    name: autoscaling
    folder: autoscaling
    interval: 10s
    rules:
      - uid: cpu-high
        title: CPU high
        condition: B
        for: 1m
        noDataState: OK
        execErrState: OK
        labels: {scale: up}
        data:
          - refId: A
            datasourceUid: prometheus
            relativeTimeRange: {from: 60, to: 0}
            model:
              refId: A
              instant: true
              expr: avg(sum by (instance) (rate(node_cpu_seconds_total{mode!="idle"}[1m])) / sum by (instance) (rate(node_cpu_seconds_total[1m])))
          - refId: B
            datasourceUid: __expr__
            model: {refId: B, type: threshold, expression: A, conditions: [{evaluator: {type: gt, params: [0.8]}}]}
      - uid: cpu-low
        title: CPU low
        condition: B
        for: 1m
        noDataState: OK
        execErrState: OK
        labels: {scale: down}
        data:
          - refId: A
            datasourceUid: prometheus
            relativeTimeRange: {from: 60, to: 0}
            model:
              refId: A
              instant: true
              expr: avg(sum by (instance) (rate(node_cpu_seconds_total{mode!="idle"}[1m])) / sum by (instance) (rate(node_cpu_seconds_total[1m])))
          - refId: B
            datasourceUid: __expr__
            model: {refId: B, type: threshold, expression: A, conditions: [{evaluator: {type: lt, params: [0.2]}}]}
ALERTING
docker run -d \
  --restart=always \
  --name=grafana \
  --network=monitoring \
  -p 3000:3000 \
  -v /srv/grafana/datasources:/etc/grafana/provisioning/datasources \
  -v /srv/grafana/alerting:/etc/grafana/provisioning/alerting \
  grafana/grafana
