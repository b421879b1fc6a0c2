package main

import (
	"errors"
	"strconv"
	"time"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/loadgen"
)

// A config is what the program works with.
type config struct {
	listen   string
	duration time.Duration
}

// declare returns the settings, and what reading them fills.
func declare(getenv func(string) string) (*settings.Set, *config) {
	cfg, port := &config{listen: ":8080", duration: loadgen.DefaultDuration}, 8080
	set := settings.New("http-load-generator", "http-load-generator serves a deliberately slow web application: GET /load keeps every CPU\n"+
		"of the machine busy, GET /health answers OK.", getenv)
	listen := settings.Add(set, &cfg.listen, settings.Spec{
		Flag: "listen", Help: "address to serve on", Remedy: "give HOST:PORT or :PORT, e.g. :8080",
	}, settings.Address().Then(func(address string) (string, error) {
		if address == "" {
			return "", errors.New("is not HOST:PORT")
		}
		return address, nil
	}))
	variable := settings.Add(set, &port, settings.Spec{
		Env: "PORT", Help: "port to serve on, on all addresses, unless -listen is given",
	}, settings.Int(0, 65535))
	settings.Add(set, &cfg.duration, settings.Spec{
		Flag: "duration", Help: "how long one /load request keeps every CPU busy",
	}, settings.Duration(time.Microsecond, 24*time.Hour))
	set.Check(func() {
		if variable.Given() && !listen.Given() {
			cfg.listen = ":" + strconv.Itoa(port)
		}
	}, variable, listen)
	return set, cfg
}
