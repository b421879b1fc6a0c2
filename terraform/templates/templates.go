// Package templates fills in the files that depend on a setting, so that the demo
// and the tests run what Terraform writes.
package templates

import (
	_ "embed" // for the directives below
	"strconv"
	"strings"
	"time"
)

//go:embed signal-boot-aware.yml.tftpl
var bootAwareSignal string

// BootAwareSignal returns the rule file that leaves members out of the average
// CPU that are younger than age, in seconds, or that have not been healthy behind
// the load balancer yet. It replaces etc/exopool/rules/signal.yml.
func BootAwareSignal(age time.Duration) string {
	return strings.ReplaceAll(bootAwareSignal, "${age}", strconv.FormatFloat(age.Seconds(), 'f', -1, 64))
}

//go:embed application-job.yml.tftpl
var applicationJob string

// ApplicationJob returns the job with which Prometheus scrapes the application of
// each member, on an HTTP path and a port. It is appended to
// etc/exopool/prometheus.yml.
func ApplicationJob(path string, port int) string {
	return strings.NewReplacer("${path}", path, "${port}", strconv.Itoa(port)).Replace(applicationJob)
}
