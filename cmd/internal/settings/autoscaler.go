package settings

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Autoscaler is what the autoscaler program is told.
type Autoscaler struct {
	API
	Log     Log
	Pool    string        // id or name
	Every   time.Duration // from one turn to the next
	Timeout time.Duration // bounds one turn, less than Every; 0: not given
	Expire  time.Duration // how long a webhook waits, at least Every; 0: not given
	Poll    time.Duration // between two looks at a running operation
	Min     int           // members
	Max     int           // members, at least Min
	Step    int           // members per turn, at least 1
	DryRun  bool          // decide, and resize nothing
	// StateDir keeps webhooks over a restart. StateDirGiven tells that the
	// operator named it: then it must work.
	StateDir      string
	StateDirGiven bool
	ListenHost    string // empty: all addresses
	ListenPort    int
	// Token is what webhooks must show; empty lets everyone in. With
	// ProtectAll all readers but those of health must show it, too.
	Token      string
	ProtectAll bool
	TLS        TLS
	// UpAlerts and DownAlerts name the alerts that count; both or neither.
	UpAlerts, DownAlerts []string
}

// DefaultStateDir is where state is kept when nobody says where.
const DefaultStateDir = "/var/lib/autoscaler"

// ParseAutoscaler reads the settings of the autoscaler program. It returns
// [ErrHelp] after printing help or version to out, and an [Error] that tells
// all faults when there are any.
func ParseAutoscaler(args []string, getenv func(string) string, out io.Writer) (Autoscaler, error) {
	var a Autoscaler
	l := newLoader("autoscaler", "autoscaler scales an Exoscale instance pool by what alert webhooks ask for.", getenv)
	addAPI(l, &a.API)
	add(l, &a.Pool, spec{
		flags: []string{"pool"}, env: []string{"EXOSCALE_INSTANCEPOOL_ID"}, arg: "POOL",
		usage: "id or name of the instance pool", required: true,
		remedy: "give the id or the name of one pool, as the portal shows it",
	}, parsePool)
	addLimits(l, &a)
	addTimes(l, &a)
	add(l, &a.DryRun, spec{
		flags: []string{"dry-run"}, env: []string{"AUTOSCALER_DRY_RUN"}, boolean: true,
		usage: "decide and tell, but never resize the pool", def: "false", remedy: "give true or false",
	}, parseBool)
	addState(l, &a)
	addReceiver(l, &a)
	addAlerts(l, &a)
	addLog(l, &a.Log)

	if err := l.parse(args, out); err != nil {
		return Autoscaler{}, err
	}
	return a, l.err()
}

// addTimes declares the durations. Two of them follow the interval when they
// are not given.
func addTimes(l *loader, a *Autoscaler) {
	const shortest = 10 * time.Millisecond
	addDuration(l, &a.Every, "interval", "AUTOSCALER_INTERVAL", "time between two turns", time.Minute, 100*time.Millisecond, time.Hour)
	timeout := spec{
		flags: []string{"turn-timeout"}, env: []string{"AUTOSCALER_TURN_TIMEOUT"}, arg: "DURATION",
		usage: "longest time for one turn, less than the interval", otherwise: "5/6 of the interval",
		remedy: "give a duration below the interval, such as 50s, or leave it out",
	}
	add(l, &a.Timeout, timeout, durationBetween(shortest, time.Hour))
	expire := spec{
		flags: []string{"expire"}, env: []string{"AUTOSCALER_EXPIRE"}, arg: "DURATION",
		usage: "how long a webhook waits while the pool cannot be scaled", otherwise: "5m, or the interval if that is longer",
		remedy: "give a duration of the interval or more, such as 5m, or leave it out",
	}
	add(l, &a.Expire, expire, durationBetween(shortest, 24*time.Hour))
	addDuration(l, &a.Poll, "poll", "AUTOSCALER_POLL", "time between two looks at a resize that is under way",
		3*time.Second, shortest, time.Minute)
	l.resolve = append(l.resolve, func() {
		if a.Every > 0 && a.Timeout >= a.Every {
			l.fault(timeout.name(), fmt.Sprintf("is %s, not below the interval of %s", a.Timeout, a.Every), timeout.remedy)
		}
		if a.Expire > 0 && a.Expire < a.Every {
			l.fault(expire.name(), fmt.Sprintf("is %s, below the interval of %s", a.Expire, a.Every), expire.remedy)
		}
	})
}

// addLimits declares what bounds the size of the pool. The ceiling is far
// above the quota of any account; it stops a slip of the finger.
func addLimits(l *loader, a *Autoscaler) {
	const ceiling = 10_000
	limit := func(into *int, name, env, usage, def string) spec {
		s := spec{
			flags: []string{name}, env: []string{env}, arg: "MEMBERS", usage: usage, def: def,
			remedy: "give a whole number " + between(1, ceiling),
		}
		add(l, into, s, intBetween(1, ceiling))
		return s
	}
	low := limit(&a.Min, "min", "AUTOSCALER_MIN", "fewest members", "1")
	high := limit(&a.Max, "max", "AUTOSCALER_MAX", "most members", "10")
	limit(&a.Step, "step", "AUTOSCALER_STEP", "members added or removed in one turn", "1")
	l.resolve = append(l.resolve, func() {
		if a.Min > 0 && a.Max > 0 && a.Min > a.Max {
			l.fault(high.name(), fmt.Sprintf("is %d, below the minimum of %d", a.Max, a.Min),
				"give at least the minimum, or lower "+low.name())
		}
	})
}

// addState declares the state directory. systemd names the one it made in
// STATE_DIRECTORY, which must work like one that the operator names.
func addState(l *loader, a *Autoscaler) {
	add(l, &a.StateDir, spec{
		flags: []string{"state-dir"}, env: []string{"AUTOSCALER_STATE_DIR", "STATE_DIRECTORY"}, arg: "PATH",
		usage: "directory that keeps webhooks and a pause over a restart", otherwise: DefaultStateDir + " if it can be written, else none",
		remedy: "give the path of a directory that the program may write to",
	}, parsePath)
	l.resolve = append(l.resolve, func() {
		a.StateDirGiven = a.StateDir != ""
		if !a.StateDirGiven {
			a.StateDir = DefaultStateDir
		}
		if a.StateDir == strings.TrimSpace(l.getenv("STATE_DIRECTORY")) {
			// systemd separates several directories with colons.
			a.StateDir, _, _ = strings.Cut(a.StateDir, ":")
		}
	})
}

// addAlerts declares the names of the alerts that count. Whoever lists those of
// one direction means to be strict, so that the other one must not stay open by
// oversight.
func addAlerts(l *loader, a *Autoscaler) {
	malformed := false
	list := func(into *[]string, flag, env, path string) spec {
		s := spec{
			flags: []string{flag}, env: []string{env}, arg: "NAMES",
			usage: "names of the alerts that count on " + path + ", with commas between them", otherwise: "every webhook counts",
			remedy: "give names of alerts for both /up and /down, or for neither",
		}
		add(l, into, s, func(text string) ([]string, error) {
			names, err := parseNames(text)
			malformed = malformed || err != nil
			return names, err
		})
		return s
	}
	ups := list(&a.UpAlerts, "up-alerts", "AUTOSCALER_UP_ALERTS", "/up")
	downs := list(&a.DownAlerts, "down-alerts", "AUTOSCALER_DOWN_ALERTS", "/down")
	l.resolve = append(l.resolve, func() {
		switch {
		case malformed || (a.UpAlerts == nil) == (a.DownAlerts == nil):
		case a.UpAlerts == nil:
			l.fault(ups.name(), "is missing beside "+downs.name(), ups.remedy)
		default:
			l.fault(downs.name(), "is missing beside "+ups.name(), downs.remedy)
		}
	})
}
