package annotate

import (
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/exopool/exopool/internal/configerr"
)

// Config is what a [Client] needs. URL and Token are required.
type Config struct {
	// URL is the address of Grafana, http or https, without a user name or a password
	// in it, such as http://127.0.0.1:3000. It may have a path.
	URL string
	// Token is that of a service account that may write annotations: an Editor may.
	Token string
	// Timeout is the longest duration of a request, up to 1 min; 0 means 10 s.
	Timeout time.Duration
	// Retry is the time until the next request after one that failed, 1 s to 1 h; 0
	// means 30 s.
	Retry time.Duration

	Logger     *slog.Logger          // default: no logs
	Registerer prometheus.Registerer // default: metrics are not registered
	Namespace  string                // of the metrics
}

// withDefaults returns the configuration with its defaults filled in.
func (cfg Config) withDefaults() Config {
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.Retry == 0 {
		cfg.Retry = 30 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// validate returns all that is wrong with the configuration. It repeats neither the
// address, which may hold a password by mistake, nor the token.
func (cfg Config) validate() error {
	errs := []error{configerr.Server("URL", cfg.URL, "http://127.0.0.1:3000")}
	switch {
	case cfg.Token == "":
		errs = append(errs, &configerr.Error{Field: "Token", Problem: "is missing", Remedy: "set it"})
	case strings.ContainsFunc(cfg.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		errs = append(errs, &configerr.Error{Field: "Token", Problem: "is not one word of ASCII", Remedy: "set it to what Grafana has shown"})
	}
	return errors.Join(append(errs,
		configerr.Between("Timeout", cfg.Timeout, time.Millisecond, time.Minute),
		configerr.Between("Retry", cfg.Retry, time.Second, time.Hour),
	)...)
}
