// Package templates fills in what depends on a setting, so that the demo and
// the tests run what Terraform makes of the same files.
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
// CPU that are younger than age, which counts in seconds, or have not been
// healthy behind the load balancer yet. It belongs in the place of
// etc/exopool/rules/signal.yml.
func BootAwareSignal(age time.Duration) string {
	return strings.ReplaceAll(bootAwareSignal, "${age}", strconv.FormatFloat(age.Seconds(), 'f', -1, 64))
}

//go:embed application-job.yml.tftpl
var applicationJob string

// ApplicationJob returns the job by which Prometheus asks the application of
// each member for its metrics, on an HTTP path and a port. It belongs at the end
// of etc/exopool/prometheus.yml.
func ApplicationJob(path string, port int) string {
	return strings.NewReplacer("${path}", path, "${port}", strconv.Itoa(port)).Replace(applicationJob)
}
