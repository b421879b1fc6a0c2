package driverapi

import "time"

// An InstanceType is an entry of the catalogue, in the API's JSON shape.
type InstanceType struct {
	ID         string   `json:"id"`
	Family     string   `json:"family"`
	Size       string   `json:"size"`
	CPUs       int      `json:"cpus"`
	GPUs       int      `json:"gpus,omitempty"`
	Memory     int64    `json:"memory"` // bytes
	Authorized bool     `json:"authorized"`
	Zones      []string `json:"zones,omitempty"`
}

// A Healthcheck is how a load balancer service tests its targets, in the
// API's JSON shape.
type Healthcheck struct {
	Mode     string `json:"mode"` // tcp, http or https
	Port     int    `json:"port"`
	URI      string `json:"uri,omitempty"`
	TLSSNI   string `json:"tls-sni,omitempty"`
	Interval int    `json:"interval"` // seconds, 5 to 300
	Timeout  int    `json:"timeout"`  // seconds, 2 to 60, at most Interval
	Retries  int    `json:"retries"`  // 1 to 20
}

// IntervalDuration returns Interval as a duration.
func (h Healthcheck) IntervalDuration() time.Duration {
	return time.Duration(h.Interval) * time.Second
}

// TimeoutDuration returns Timeout as a duration.
func (h Healthcheck) TimeoutDuration() time.Duration {
	return time.Duration(h.Timeout) * time.Second
}
