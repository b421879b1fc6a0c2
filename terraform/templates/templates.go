// Package templates fills in the files that depend on a setting, so that the demo
// and the tests run what Terraform writes.
package templates

import (
	_ "embed" // for the directives below
	"strconv"
	"strings"
	"time"
)

//go:embed counting.yml.tftpl
var counting string

// Counting is what counts as load. The installed file says that steal counts, and
// that members count from their first measurement.
type Counting struct {
	IOWait bool // CPU time in which a disk is waited for
	Steal  bool // CPU time that the hypervisor gave to others
	// BootAwareAge is the age below which members do not count, nor before they
	// were healthy behind the load balancer; 0 leaves out none for its age.
	BootAwareAge time.Duration
}

// Rules returns the rule file, in place of etc/exopool/rules/counting.yml.
func (c Counting) Rules() string {
	return strings.NewReplacer(
		"${iowait}", zeroOrOne(c.IOWait), "${steal}", zeroOrOne(c.Steal),
		"${age}", strconv.FormatFloat(c.BootAwareAge.Seconds(), 'f', -1, 64),
	).Replace(counting)
}

func zeroOrOne(is bool) string {
	if is {
		return "1"
	}
	return "0"
}

//go:embed application-job.yml.tftpl
var applicationJob string

// ApplicationJob returns the job with which Prometheus scrapes the application of
// each member, on an HTTP path and a port. It is appended to
// etc/exopool/prometheus.yml.
func ApplicationJob(path string, port int) string {
	return strings.NewReplacer("${path}", path, "${port}", strconv.Itoa(port)).Replace(applicationJob)
}
