package exoapi

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

	speed float64 // of the world's time; zero means 1
}

// IntervalDuration returns Interval as a duration, divided by the speed of
// the cloud's time.
func (h Healthcheck) IntervalDuration() time.Duration {
	d := time.Duration(h.Interval) * time.Second
	if h.speed > 0 {
		d = time.Duration(float64(d) / h.speed)
	}
	return d
}

// TimeoutDuration returns Timeout as a duration. Real connections do not get
// faster with the cloud's time, so it is only kept below the interval.
func (h Healthcheck) TimeoutDuration() time.Duration {
	return min(time.Duration(h.Timeout)*time.Second, h.IntervalDuration())
}
