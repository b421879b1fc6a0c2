package main

import (
	"slices"

	"github.com/exopool/exopool/cmd/internal/account"
	"github.com/exopool/exopool/cmd/internal/serve"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/exoscale"
)

// A config is what the program works with.
type config struct {
	settings.Redacted

	API      exoscale.Config
	Agent    discovery.Config
	Listen   string // HOST:PORT of the HTTP service; empty: none
	TLS      serve.TLS
	Logging  settings.Logging
	File     *settings.Setting // of the targets file
	Warnings []string          // about questionable settings
}

// declare returns the settings, and what reading them fills.
func declare(getenv func(string) string) (*settings.Set, *config) {
	cfg := &config{Agent: discovery.DefaultConfig()}
	cfg.API.ReadOnly = true
	set := settings.New("discovery", "discovery keeps a Prometheus file_sd file equal to the members of an Exoscale instance pool.", getenv)
	account.Add(set, &cfg.API)
	addTargets(set, cfg)
	addService(set, cfg)
	addTimes(set, &cfg.Agent)
	settings.AddLogging(set, &cfg.Logging)
	settings.Validate(set, &cfg.Agent)
	set.Check(func() {
		cfg.Agent.Zone = cfg.API.Zone
		// Members of an API on this host are its processes.
		cfg.Agent.AllowLoopback = account.IsLocal(cfg.API)
	})
	return set, cfg
}

// addTargets declares what is published, and where.
func addTargets(set *settings.Set, cfg *config) {
	agent := &cfg.Agent
	agent.File = "/srv/service-discovery/config.json"
	settings.Add(set, &agent.Pools, settings.Spec{
		Flag: "pool", Env: "EXOSCALE_INSTANCEPOOL_ID", Required: true,
		Help:   "id or name of the instance pool; several are separated by commas",
		Remedy: "give the pool's id or name, as the portal shows it",
	}, settings.List(account.Pool()).Then(unique))
	cfg.File = settings.Add(set, &agent.File, settings.Spec{
		Flag: "file", Env: "DISCOVERY_FILE", Help: "file_sd file to keep",
		Remedy: "give the path of a file in a directory that the program may write to",
	}, settings.File())
	settings.Add(set, &agent.Port, settings.Spec{
		Flag: "port, target-port", Env: "TARGET_PORT", Help: "port of the exporter on each member",
	}, settings.Port())
	settings.Add(set, &agent.Labels, settings.Spec{
		Flag: "labels", Env: "DISCOVERY_LABELS", Help: "publish __meta_exoscale_ labels with each target",
	}, settings.Bool())
	settings.Add(set, &agent.MemberMetrics, settings.Spec{
		Flag: "member-metrics", Env: "DISCOVERY_MEMBER_METRICS",
		Help: "publish age and load balancer health of each member as metrics; costs one more API call per refresh",
	}, settings.Bool())
}

// unique drops what is in a list already.
func unique(list []string) ([]string, error) {
	var once []string
	for _, item := range list {
		if !slices.Contains(once, item) {
			once = append(once, item)
		}
	}
	return once, nil
}

// addService declares where the program listens and who has access.
func addService(set *settings.Set, cfg *config) {
	const port = ":8091"
	listen := settings.Add(set, &cfg.Listen, settings.Spec{
		Flag: "listen", Env: "DISCOVERY_LISTEN", Default: port + " with a token, " + serve.Loopback + port + " without",
		Help: "HOST:PORT of /targets, /healthz, /readyz and /metrics; \"none\" to serve nothing",
	}, settings.Address().Or("none", ""))
	settings.AddToken(set, &cfg.Agent.Token, settings.Spec{
		Flag: "token-file", Env: "DISCOVERY_TOKEN", Help: "the secret that readers of /targets and /metrics must send",
	})
	serve.AddTLS(set, &cfg.TLS, "DISCOVERY_TLS_CERT", "DISCOVERY_TLS_KEY")
	set.Check(func() {
		switch {
		case listen.Given():
		case cfg.Agent.Token == "":
			cfg.Listen = serve.Loopback + port
		default:
			cfg.Listen = port
		}
	})
}

// addTimes declares the durations.
func addTimes(set *settings.Set, into *discovery.Config) {
	settings.Add(set, &into.Interval, settings.Spec{
		Flag: "refresh", Env: "DISCOVERY_REFRESH", Help: "time from one refresh to the next",
	}, settings.Duration(discovery.MinInterval, discovery.MaxInterval))
	settings.Add(set, &into.Timeout, settings.Spec{
		Flag: "timeout", Env: "DISCOVERY_TIMEOUT", Help: "longest duration of a refresh",
	}, settings.Duration(discovery.MinTimeout, discovery.MaxTimeout))
	settings.Add(set, &into.MaxAge, settings.Spec{
		Flag: "max-age", Env: "DISCOVERY_MAX_AGE", Help: "age of the last successful refresh from which /readyz fails",
	}, settings.Duration(discovery.MinMaxAge, discovery.MaxMaxAge))
	settings.Add(set, &into.ForgetAfter, settings.Spec{
		Flag: "forget-after", Env: "DISCOVERY_FORGET_AFTER",
		Help: "how long the targets of a pool stay that no longer exists in the API; \"never\" removes none",
	}, settings.Duration(discovery.MinForgetAfter, discovery.MaxForgetAfter).Or("never", -1))
}
