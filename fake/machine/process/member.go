package process

import (
	"net/netip"
	"time"
)

// MemberArgument is the first argument of a program that the process driver
// started as a member; the second is the machine's name, for those who read a
// process list.
const MemberArgument = "exopool-member"

// The ports that a machine's services are meant to have, see
// [Driver.PortFor].
const (
	LoadPort     = 8080
	ExporterPort = 9100
	DrainPort    = 9101
)

// MemberSettings is what a member reads from its standard input: one JSON
// value. The input stays open as long as the driver lives; when it ends, so
// does the member.
type MemberSettings struct {
	Address      netip.Addr    `json:"address"`
	LoadPort     int           `json:"load_port"`
	ExporterPort int           `json:"exporter_port"`
	DrainPort    int           `json:"drain_port"`
	Dir          string        `json:"dir"`   // made and removed by the member; its parent is the driver's
	Share        float64       `json:"share"` // of a CPU
	Work         time.Duration `json:"work"`  // CPU time per request
	Wait         time.Duration `json:"wait"`  // of each request, without CPU time
	Grace        time.Duration `json:"grace"` // for requests in flight, after TERM
}
