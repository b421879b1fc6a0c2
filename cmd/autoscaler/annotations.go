package main

import (
	"log/slog"
	"net/url"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/exopool/exopool/annotate"
	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/internal/loopback"
)

// addAnnotations declares the Grafana in whose graphs resizes are marked.
func addAnnotations(set *settings.Set, into *annotate.Config) {
	address := settings.Add(set, &into.URL, settings.Spec{
		Flag: "grafana-url", Env: "AUTOSCALER_GRAFANA_URL", Default: "nothing is annotated",
		Help:   "address of the Grafana in which each resize is annotated with its reason, in words",
		Remedy: "give an address such as http://127.0.0.1:3000, or leave it out and nothing is annotated",
	}, settings.URL())
	token := settings.AddSecret(set, &into.Token, settings.Spec{
		Flag: "grafana-token-file", Env: "GRAFANA_TOKEN", Default: "none",
		Help: "the token of a service account of Grafana that may write annotations, such as an Editor",
	})
	set.Check(func() {
		switch {
		case into.URL != "" && into.Token == "":
			token.Wrong("is missing: " + address.String() + " is set")
		case into.URL == "" && into.Token != "":
			address.Wrong("is missing: there is a token for it")
		}
		if u, err := url.Parse(into.URL); err == nil && u.Scheme == "http" && !loopback.IsHost(u.Hostname()) {
			set.Warn("the token for Grafana is sent unencrypted: give an https address in " + address.String())
		}
	}, address, token)
}

// newAnnotations returns a client of Grafana, nil without one.
func newAnnotations(cfg annotate.Config, registry *prometheus.Registry, logger *slog.Logger) (*annotate.Client, error) {
	if cfg.URL == "" {
		return nil, nil
	}
	cfg.Registerer, cfg.Logger, cfg.Namespace = registry, logger, "exopool_autoscaler"
	return annotate.New(cfg)
}

// annotateResizes returns what gets each decision and marks those that resized the
// pool.
func annotateResizes(grafana *annotate.Client) func(autoscale.Decision) {
	if grafana == nil {
		return nil
	}
	return func(d autoscale.Decision) {
		if d.Result == autoscale.Resized {
			grafana.Add(annotate.Annotation{At: d.Time, Text: d.Headline(), Tags: []string{"exopool", string(d.Result), string(d.Reason)}})
		}
	}
}
