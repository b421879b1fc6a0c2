package rehearsals_test

import (
	"slices"
	"strings"
)

// An edit replaces text in a file of the sample; everywhere in that file.
type edit struct{ file, old, new string }

// A variant is the sample with one mistake that students make.
type variant struct {
	name    string
	sprints string
	edits   []edit
	// line is the one that the course's checker would fail first, and hint what
	// has to be said about it. Without a line the checker fails none, and hint is
	// the advice.
	line string
	hint string // regular expression
}

// touches reports whether the mistake is in a folder.
func (v variant) touches(folder string) bool {
	return slices.ContainsFunc(v.edits, func(e edit) bool { return strings.HasPrefix(e.file, folder+"/") })
}

// Beginnings of lines.
const (
	linePool       = "there is exactly one instance pool"
	lineService    = "it has exactly one service"
	linePort       = "the service listens on port 80"
	lineHealthy    = "all backends are healthy"
	linePrometheus = "Prometheus answers on port 9090"
	lineCPU        = "the query for CPU use has a result for each member"
	lineTwo        = "with 10 clients without pause"
	lineFile       = "the targets file has the addresses of all members"
	lineStopped    = "the container ends with exit code 0"
	lineDestroy    = "terraform destroy ends without an error"
)

func variants() []variant {
	return []variant{
		{
			"the service listens on another port", "1",
			[]edit{{"pool.tf", "port             = 80\n", "port             = 81\n"}},
			linePort, `81`,
		},
		{
			"two services", "1",
			[]edit{{"pool.tf", `resource "exoscale_nlb_service" "web"`, `resource "exoscale_nlb_service" "metrics" {
  zone             = var.zone
  nlb_id           = exoscale_nlb.web.id
  name             = "metrics"
  instance_pool_id = exoscale_instance_pool.web.id
  protocol         = "tcp"
  port             = 9100
  target_port      = 9100
  strategy         = "round-robin"

  healthcheck {
    mode     = "tcp"
    port     = 9100
    interval = 5
    timeout  = 3
    retries  = 1
  }
}

resource "exoscale_nlb_service" "web"`}},
			lineService, `metrics`,
		},
		{
			"the health check asks a port on which nothing listens", "1",
			[]edit{{"pool.tf", "port     = 8080\n    uri", "port     = 8888\n    uri"}},
			lineHealthy, `8888`,
		},
		{
			"the health check asks for another path", "1",
			[]edit{{"pool.tf", `"/health"`, `"/healthz"`}},
			lineHealthy, `/healthz.*404`,
		},
		{
			"no rule for the application", "1",
			[]edit{{"pool.tf", "start_port        = 8080\n  end_port          = 8080", "start_port        = 80\n  end_port          = 80"}},
			lineHealthy, `no rule .*8080`,
		},
		{
			"a package that does not exist", "1",
			[]edit{{"userdata/web.sh", "install -y docker.io", "install -y docker.oi"}},
			lineHealthy, `Unable to locate package docker\.oi`,
		},
		{
			"a script that goes on after a failing line", "1",
			[]edit{{"userdata/web.sh", "set -e\n", ""}, {"userdata/web.sh", "install -y docker.io", "install -y docker.oi"}},
			lineHealthy, `set -e`,
		},
		{
			"an image that does not exist", "1",
			[]edit{{"userdata/web.sh", "janoszen/http-load-generator:1.0.1", "janoszen/http-loadgenerator:1.0.1"}},
			lineHealthy, `janoszen/http-loadgenerator:1\.0\.1`,
		},
		{
			"user-data without its first line", "1",
			[]edit{{"userdata/web.sh", "#!/bin/bash\n", ""}},
			lineHealthy, `#!`,
		},
		{
			"published on another port", "1",
			[]edit{{"userdata/web.sh", "-p 8080:8080", "-p 80:8080"}},
			lineHealthy, `8080, on which nothing listens; container \S+ is published on port 80`,
		},
		{
			"a rule for Prometheus is missing", "2",
			[]edit{{"monitoring.tf", "9090", "9091"}},
			linePrometheus, `no rule .*9090`,
		},
		{
			"a rule for the exporters is missing", "2",
			[]edit{{"pool.tf", "start_port             = var.target_port\n  end_port               = var.target_port", "start_port             = 9101\n  end_port               = 9101"}},
			lineCPU, `no rule .*9100`,
		},
		{
			"the targets file is not shared", "2",
			[]edit{{"userdata/monitoring.sh", "  -v /srv/service-discovery:/srv/service-discovery \\\n  prom/prometheus", "  prom/prometheus"}},
			lineCPU, `has no target for the member(?s:.*)container prometheus: it reads \S+/config\.json, and nothing is mounted there`,
		},
		{
			"Prometheus reads another file", "2",
			[]edit{{"userdata/monitoring.sh", "- /srv/service-discovery/config.json", "- /srv/service-discovery/targets.json"}},
			lineCPU, `has no target for the member(?s:.*)let the discovery write /srv/service-discovery/targets\.json of the machine`,
		},
		{
			"the wrong port of the exporters", "2",
			[]edit{{"variables.tf", "default     = 9100", "default     = 9101"}},
			lineCPU, `cannot scrape \S+:9101: .*refused; programs of the member listen on .*9100`,
		},
		{
			"the label instance has another value", "2",
			[]edit{{"userdata/monitoring.sh", "        refresh_interval: 10s\n", "        refresh_interval: 10s\n    relabel_configs:\n      - target_label: instance\n        replacement: web\n"}},
			lineCPU, `instance.*web`,
		},
		{
			"a secret that is not the key's", "2",
			[]edit{{"monitoring.tf", "exoscale_secret  = var.exoscale_secret", "exoscale_secret  = var.exoscale_key"}},
			lineCPU, `(?i)refused.*(key|secret|signature)`,
		},
		{
			"the exporter has no port", "2",
			[]edit{{"userdata/web.sh", "  --net=\"host\" \\\n", ""}},
			lineCPU, `cannot scrape \S+:9100: .*refused; container .*node-exporter\) publishes no port`,
		},
		{
			"a limit in percent for a ratio", "3",
			[]edit{{"userdata/monitoring.sh", "{type: gt, params: [0.8]}", "{type: gt, params: [80]}"}},
			lineTwo, `none of Grafana's 2 alert rules fires, .*got no webhook(?s:.*)0\.8 for a ratio`,
		},
		{
			"webhooks to localhost", "3",
			[]edit{{"userdata/monitoring.sh", "http://autoscaler:8090/up", "http://localhost:8090/up"}},
			lineTwo, `could not deliver .* webhooks, so that the autoscaler got no webhook: .*http://localhost:8090/up`,
		},
		{
			"the autoscaler has no minimum", "3",
			[]edit{{"autoscaler/main.go", "max(*pool.Size+step, 1)", "max(*pool.Size+step, 0)"}},
			"", `leaves the last member .*0 members`,
		},
		{
			"the discovery has its port built in", "2",
			[]edit{{"servicediscovery/main.go", `os.Getenv("TARGET_PORT")`, `"9100"`}},
			lineFile, `9100`,
		},
		{
			"the discovery does not end when it is asked to", "2",
			[]edit{{"servicediscovery/main.go", "case <-ctx.Done():\n\t\t\treturn\n", ""}},
			lineStopped, `137: it did not end when it was asked to(?s:.*)SIGTERM`,
		},
		{
			"two pools", "1",
			[]edit{{"pool.tf", `resource "exoscale_nlb" "web"`, `resource "exoscale_instance_pool" "spare" {
  zone          = var.zone
  name          = "spare"
  template_id   = data.exoscale_template.ubuntu.id
  instance_type = "standard.micro"
  size          = 1
  disk_size     = 10
}

resource "exoscale_nlb" "web"`}},
			linePool, `spare`,
		},
		{
			"an instance that must not be destroyed", "1",
			[]edit{{"monitoring.tf", `name               = "monitoring"
  template_id `, `name               = "monitoring"
  lifecycle {
    prevent_destroy = true
  }
  template_id `}},
			lineDestroy, `prevent_destroy`,
		},
	}
}
