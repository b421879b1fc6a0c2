package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/exopool/exopool/annotate"
	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/internal/account"
	"github.com/exopool/exopool/cmd/internal/serve"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/promquery"
)

// A config is what the program works with.
type config struct {
	settings.Redacted

	API     exoscale.Config
	Loop    autoscale.Config
	Handler autoscale.HandlerConfig
	// DrainPort is that of the endpoint on members; 0: they are not drained.
	DrainPort int
	// Prometheus knows how busy members are; without an address: not measured.
	Prometheus promquery.Config
	Policy     policySettings
	// Annotations are for a Grafana; without an address: none.
	Annotations annotate.Config
	Host        string // to listen on; empty: all addresses
	Port        int
	TLS         serve.TLS
	Logging     settings.Logging
	// StateDir is the setting of the state directory if the operator named one,
	// which then must work.
	StateDir *settings.Setting
	Warnings []string // about questionable settings
}

// declare returns the settings, and what reading them fills.
func declare(getenv func(string) string) (*settings.Set, *config) {
	cfg := &config{Loop: autoscale.DefaultConfig(), Port: 8090}
	set := settings.New("autoscaler", "autoscaler scales an Exoscale instance pool by what alert webhooks ask for.", getenv)
	account.Add(set, &cfg.API)
	settings.Add(set, &cfg.Loop.PoolName, settings.Spec{
		Flag: "pool", Env: "EXOSCALE_INSTANCEPOOL_ID", Help: "id or name of the instance pool", Required: true,
		Remedy: "give the id or the name of one pool, as the portal shows it",
	}, account.Pool())
	addLimits(set, &cfg.Loop)
	addSchedule(set, &cfg.Loop)
	addBudget(set, &cfg.Loop.Budget)
	addMeter(set, cfg, addMembers(set, &cfg.Loop))
	drainPort := addDrain(set, cfg)
	expiry := addTimes(set, cfg)
	checkDrain(set, cfg, drainPort, expiry)
	settings.Add(set, &cfg.Loop.DryRun, settings.Spec{
		Flag: "dry-run", Env: "AUTOSCALER_DRY_RUN", Help: "decide and log, but never resize the pool",
	}, settings.Bool())
	addPolicy(set, cfg)
	addGuards(set, cfg)
	addStateDir(set, cfg, getenv)
	addReceiver(set, cfg)
	addAlerts(set, &cfg.Handler)
	addAnnotations(set, &cfg.Annotations)
	settings.AddLogging(set, &cfg.Logging)
	settings.Validate(set, &cfg.Loop)
	set.Check(func() {
		cfg.Loop.Zone, cfg.API.ReadOnly = cfg.API.Zone, cfg.Loop.DryRun
	})
	return set, cfg
}

// addLimits declares the bounds of the pool's size.
func addLimits(set *settings.Set, into *autoscale.Config) {
	members := settings.Int(1, autoscale.MaxSize)
	members.Arg = "MEMBERS"
	settings.Add(set, &into.Min, settings.Spec{
		Flag: "min", Env: "AUTOSCALER_MIN", Help: "minimum size of the pool",
	}, members)
	settings.Add(set, &into.Max, settings.Spec{
		Flag: "max", Env: "AUTOSCALER_MAX", Help: "maximum size of the pool, at least the minimum",
	}, members)
	settings.Add(set, &into.Step, settings.Spec{
		Flag: "step", Env: "AUTOSCALER_STEP", Help: "members added or removed in one turn",
	}, members)
}

// addMembers declares what is demanded of members, and returns the order of
// eviction.
func addMembers(set *settings.Set, into *autoscale.Config) (evict *settings.Setting) {
	settings.Add(set, &into.StartTimeout, settings.Spec{
		Flag: "start-timeout", Env: "AUTOSCALER_START_TIMEOUT",
		Help: "how long a new member may take until the load balancer finds it healthy; then it counts as failed",
	}, settings.Duration(autoscale.MinInterval, autoscale.MaxStartTimeout))
	failures := settings.Int(1, autoscale.MaxSize)
	failures.Arg = "MEMBERS"
	settings.Add(set, &into.FailedStarts, settings.Spec{
		Flag: "failed-starts", Env: "AUTOSCALER_FAILED_STARTS",
		Help: "how many new members may fail until the pool stops growing",
	}, failures)
	settings.Add(set, &into.RepairAfter, settings.Spec{
		Flag: "repair-after", Env: "AUTOSCALER_REPAIR_AFTER",
		Help: "how long a member may be unhealthy or failed until it is replaced, never for not at all",
	}, settings.Duration(autoscale.MinInterval, autoscale.MaxStartTimeout).Or("never", -1))
	settings.Add(set, &into.RepairsPerHour, settings.Spec{
		Flag: "repairs-per-hour", Env: "AUTOSCALER_REPAIRS_PER_HOUR", Help: "how many members may be replaced in an hour",
	}, failures)
	settings.Add(set, &into.RollingChange, settings.Spec{
		Flag: "rolling-change", Env: "AUTOSCALER_ROLLING_CHANGE",
		Help: "replace members that were made with another template, type, disk size or user-data than the pool has now, one by one",
	}, settings.Bool())
	return settings.Add(set, &into.EvictionOrder, settings.Spec{
		Flag: "evict", Env: "AUTOSCALER_EVICT",
		Help: "which of the members that serve goes first, newest, oldest or least-busy, which needs -prometheus-url",
	}, settings.OneOf("ORDER", autoscale.NewestFirst, autoscale.OldestFirst, autoscale.LeastBusyFirst))
}

// longestDrainInterval keeps the time between two turns well below the longest
// lease of a drain, which each turn renews.
const longestDrainInterval = 4 * time.Minute

// addDrain declares how members finish their work, and returns the port.
func addDrain(set *settings.Set, cfg *config) *settings.Setting {
	port := settings.Add(set, &cfg.DrainPort, settings.Spec{
		Flag: "drain-port", Env: "AUTOSCALER_DRAIN_PORT", Default: "members are not drained",
		Help:   "port on members at which they are told to finish their work before they are evicted",
		Remedy: "give a port from 1 to 65535, or leave it out and members are not drained",
	}, settings.Port())
	settings.Add(set, &cfg.Loop.DrainTimeout, settings.Spec{
		Flag: "drain-timeout", Env: "AUTOSCALER_DRAIN_TIMEOUT", Help: "how long a member may take to finish its work",
	}, settings.Duration(autoscale.MinInterval, autoscale.MaxExpiry))
	settings.Add(set, &cfg.Loop.StopAfter, settings.Spec{
		Flag: "stop-after", Env: "AUTOSCALER_STOP_AFTER",
		Help: "how long after the beginning of its drain a member's application is told to end, if connections are left; -drain-timeout or longer for never",
	}, settings.Duration(autoscale.MinInterval, autoscale.MaxExpiry))
	return port
}

// checkDrain refuses intervals that are too long for drains, and webhooks that
// expire meanwhile. It comes after the times have been declared.
func checkDrain(set *settings.Set, cfg *config, port, expiry *settings.Setting) {
	set.Check(func() {
		if cfg.DrainPort != 0 && cfg.Loop.Interval > longestDrainInterval {
			port.Wrong(fmt.Sprintf("needs an interval of %s or shorter", longestDrainInterval))
		}
		if least := cfg.Loop.DrainTimeout + 2*cfg.Loop.Interval; cfg.DrainPort != 0 && cfg.Loop.Expiry != 0 && cfg.Loop.Expiry < least {
			expiry.Wrong(fmt.Sprintf("is %s: drains of %s need %s", cfg.Loop.Expiry, cfg.Loop.DrainTimeout, least))
		}
	}, port, expiry)
}

// addTimes declares the durations, and returns how long webhooks wait.
func addTimes(set *settings.Set, cfg *config) (expiry *settings.Setting) {
	settings.Add(set, &cfg.Loop.Interval, settings.Spec{
		Flag: "interval", Env: "AUTOSCALER_INTERVAL", Help: "time from one turn to the next",
	}, settings.Duration(autoscale.MinInterval, autoscale.MaxInterval))
	settings.Add(set, &cfg.Loop.Timeout, settings.Spec{
		Flag: "turn-timeout", Env: "AUTOSCALER_TURN_TIMEOUT", Default: "5/6 of the interval",
		Help:   "longest duration of a turn, less than the interval",
		Remedy: "give a duration below the interval, such as 50s, or leave it out",
	}, settings.Duration(autoscale.MinTimeout, autoscale.MaxInterval))
	expiry = settings.Add(set, &cfg.Loop.Expiry, settings.Spec{
		Flag: "expiry", Env: "AUTOSCALER_EXPIRY", Default: "5m, or what is needed at least if that is longer",
		Help:   "how long a webhook waits while the pool cannot be scaled, at least the interval; with -drain-port, -drain-timeout and two intervals",
		Remedy: "give a duration of the interval or more, such as 5m, or leave it out",
	}, settings.Duration(autoscale.MinInterval, autoscale.MaxExpiry))
	account.AddPollInterval(set, &cfg.API, "AUTOSCALER_POLL", "a resize that is under way")
	return expiry
}

// defaultStateDir is where state is kept unless the operator names a directory.
const defaultStateDir = "/var/lib/autoscaler"

// addStateDir declares the state directory. systemd names the one it made in
// STATE_DIRECTORY, which must work like one that the operator names.
func addStateDir(set *settings.Set, cfg *config, getenv func(string) string) {
	dir := settings.Add(set, &cfg.Loop.StateDir, settings.Spec{
		Flag: "state-dir", Env: "AUTOSCALER_STATE_DIR, STATE_DIRECTORY", Default: defaultStateDir + " if it can be written, else none",
		Help:   "directory that keeps webhooks and a pause over a restart",
		Remedy: "give the path of a directory that the program may write to",
	}, settings.Path())
	set.Check(func() {
		switch cfg.Loop.StateDir {
		case "":
			cfg.Loop.StateDir = defaultStateDir
			return
		case strings.TrimSpace(getenv("STATE_DIRECTORY")):
			// systemd separates several directories with colons.
			cfg.Loop.StateDir, _, _ = strings.Cut(cfg.Loop.StateDir, ":")
		}
		cfg.StateDir = dir
	}, dir)
}

// addReceiver declares where the program listens and who has access.
func addReceiver(set *settings.Set, cfg *config) {
	host := settings.Add(set, &cfg.Host, settings.Spec{
		Flag: "listen-address", Env: "LISTEN_ADDRESS", Default: "all addresses with a token, " + serve.Loopback + " without",
		Help: "address of the webhook receiver, 0.0.0.0 for all addresses of the host",
	}, settings.Host())
	settings.Add(set, &cfg.Port, settings.Spec{
		Flag: "listen-port", Env: "LISTEN_PORT", Help: "port of the webhook receiver",
	}, settings.Port())
	settings.AddToken(set, &cfg.Handler.Token, settings.Spec{
		Flag: "webhook-token-file", Env: "WEBHOOK_TOKEN", Help: "the secret that webhooks must send",
	})
	protect := settings.Add(set, &cfg.Handler.ProtectAll, settings.Spec{
		Flag: "protect-all", Env: "AUTOSCALER_PROTECT_ALL", Help: "require the token on /, /decisions and /metrics, too",
		Remedy: "give true or false, and set WEBHOOK_TOKEN if it is true",
	}, settings.Bool())
	serve.AddTLS(set, &cfg.TLS, "AUTOSCALER_TLS_CERT", "AUTOSCALER_TLS_KEY")
	set.Check(func() {
		if !host.Given() && cfg.Handler.Token == "" {
			cfg.Host = serve.Loopback
		}
		if cfg.Handler.ProtectAll && cfg.Handler.Token == "" {
			protect.Wrong("is set, but there is no token to require")
		}
	})
}

// addAlerts declares the names of the alerts that count. Whoever lists those of
// one direction means to be strict, so that the other one must not stay open by
// oversight.
func addAlerts(set *settings.Set, into *autoscale.HandlerConfig) {
	names := settings.List(settings.Text("NAMES", nil)).Then(func(names []string) ([]string, error) {
		if len(slices.Compact(slices.Sorted(slices.Values(names)))) < len(names) {
			return nil, errors.New("has a name twice")
		}
		return names, nil
	})
	const (
		help   = "names of the alerts that count on %s, separated by commas"
		open   = "every webhook counts"
		remedy = "give names of alerts for both /up and /down, or for neither"
	)
	var ups, downs []string
	up := settings.Add(set, &ups, settings.Spec{
		Flag: "up-alerts", Env: "AUTOSCALER_UP_ALERTS", Help: fmt.Sprintf(help, "/up"), Default: open, Remedy: remedy,
	}, names)
	down := settings.Add(set, &downs, settings.Spec{
		Flag: "down-alerts", Env: "AUTOSCALER_DOWN_ALERTS", Help: fmt.Sprintf(help, "/down"), Default: open, Remedy: remedy,
	}, names)
	set.Check(func() {
		switch {
		case ups == nil && downs == nil:
		case ups == nil:
			up.Wrong("is missing beside " + down.String())
		case downs == nil:
			down.Wrong("is missing beside " + up.String())
		default:
			into.Alerts = map[autoscale.Direction][]string{autoscale.Up: ups, autoscale.Down: downs}
		}
	}, up, down)
}
