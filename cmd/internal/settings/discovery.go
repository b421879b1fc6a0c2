package settings

import (
	"io"
	"time"
)

// Discovery is what the discovery program is told.
type Discovery struct {
	API
	Log           Log
	Pools         []string // ids or names, at least one
	File          string   // path of the file_sd file
	Port          int      // of the exporter on each member
	Labels        bool     // publish what the provider says of each member
	MemberMetrics bool     // publish age and health of each member
	Listen        string   // HOST:PORT of the HTTP service; empty: none
	Token         string   // what readers must show; empty lets everyone in
	TLS           TLS
	Every         time.Duration // from the end of one refresh to the next
	// Timeout bounds one refresh.
	Timeout time.Duration
	// MaxAge is how old the last good refresh may be before the program
	// calls itself not ready.
	MaxAge time.Duration
	// ForgetAfter is for how long a pool must not exist before its targets
	// go; negative: never.
	ForgetAfter time.Duration
}

// ParseDiscovery reads the settings of the discovery program. It returns
// [ErrHelp] after printing help or version to out, and an [Error] that tells
// all faults when there are any.
func ParseDiscovery(args []string, getenv func(string) string, out io.Writer) (Discovery, error) {
	var d Discovery
	l := newLoader("discovery", "discovery keeps a Prometheus file_sd file equal to the members of an Exoscale instance pool.", getenv)
	addAPI(l, &d.API)
	add(l, &d.Pools, spec{
		flags: []string{"pool"}, env: []string{"EXOSCALE_INSTANCEPOOL_ID"}, arg: "POOL",
		usage: "id or name of the instance pool; several with commas between them", required: true,
		remedy: "give the pool's id or name, as the portal shows it",
	}, parsePools)
	add(l, &d.File, spec{
		flags: []string{"file"}, env: []string{"DISCOVERY_FILE"}, arg: "PATH",
		usage: "file_sd file to keep", def: "/srv/service-discovery/config.json",
		remedy: "give the path of a file",
	}, parseFile)
	add(l, &d.Port, spec{
		flags: []string{"port", "target-port"}, env: []string{"TARGET_PORT"}, arg: "PORT",
		usage: "port of the exporter on each member", def: "9100",
		remedy: "give a whole number " + between(1, 65535),
	}, intBetween(1, 65535))
	add(l, &d.Labels, spec{
		flags: []string{"labels"}, env: []string{"DISCOVERY_LABELS"}, boolean: true,
		usage: "publish __meta_exoscale_ labels with each target", def: "false",
		remedy: "give true or false",
	}, parseBool)
	add(l, &d.MemberMetrics, spec{
		flags: []string{"member-metrics"}, env: []string{"DISCOVERY_MEMBER_METRICS"}, boolean: true,
		usage: "publish age and load balancer health of each member as metrics, for one more API call in each refresh", def: "false",
		remedy: "give true or false",
	}, parseBool)
	addService(l, &d)
	addDuration(l, &d.Every, "refresh", "DISCOVERY_REFRESH", "time between two refreshes", 10*time.Second, 100*time.Millisecond, time.Minute)
	addDuration(l, &d.Timeout, "timeout", "DISCOVERY_TIMEOUT", "longest time for one refresh", 30*time.Second, 100*time.Millisecond, time.Minute)
	addDuration(l, &d.MaxAge, "max-age", "DISCOVERY_MAX_AGE",
		"age of the last good refresh from which /readyz is bad", 2*time.Minute, time.Second, 24*time.Hour)
	add(l, &d.ForgetAfter, spec{
		flags: []string{"forget-after"}, env: []string{"DISCOVERY_FORGET_AFTER"}, arg: "DURATION",
		usage: "time after which the targets of a pool go that the API says does not exist any more; \"never\" keeps them", def: "15m0s",
		remedy: "give a duration " + between(time.Minute, 7*24*time.Hour) + ", such as 15m, or never",
	}, parseDurationOrNever(time.Minute, 7*24*time.Hour))
	addLog(l, &d.Log)

	if err := l.parse(args, out); err != nil {
		return Discovery{}, err
	}
	return d, l.err()
}

// parseDurationOrNever is durationBetween for something that may never come,
// which is a negative duration.
func parseDurationOrNever(low, high time.Duration) func(string) (time.Duration, error) {
	return func(text string) (time.Duration, error) {
		if text == "never" {
			return -1, nil
		}
		return durationBetween(low, high)(text)
	}
}

// parseListenOrNone is parseListen for a service that may be left out.
func parseListenOrNone(text string) (string, error) {
	if text == "none" {
		return "", nil
	}
	return parseListen(text)
}

// addDuration declares a duration from low to high.
func addDuration(l *loader, into *time.Duration, name, env, usage string, def, low, high time.Duration) {
	add(l, into, spec{
		flags: []string{name}, env: []string{env}, arg: "DURATION",
		usage: usage, def: def.String(),
		remedy: "give a duration " + between(low, high) + ", such as " + def.String(),
	}, durationBetween(low, high))
}
