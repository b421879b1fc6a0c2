package promquery

import (
	"errors"
	"time"

	"github.com/exopool/exopool/internal/configerr"
)

// Config is what a [Client] needs. URL and Query are required.
type Config struct {
	// URL is the address of the server, http or https, without a user name or a
	// password in it, such as http://127.0.0.1:9090.
	URL string
	// Query is in PromQL. For [Client.Busy] it gives a series for each member, whose
	// label "instance" is the member's address, with or without a port.
	Query string
	// MaxAge is how old samples may be, 1 s to 1 h; 0 means 1 min. Servers before
	// 2.43 go by their own setting, --query.lookback-delta, which is 5 min unless
	// it is set.
	MaxAge time.Duration
	// Timeout is the longest duration of a query, up to 1 min; 0 means 5 s.
	Timeout time.Duration
}

// withDefaults returns the configuration with its defaults filled in.
func (cfg Config) withDefaults() Config {
	if cfg.MaxAge == 0 {
		cfg.MaxAge = time.Minute
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 5 * time.Second
	}
	return cfg
}

// validate returns all that is wrong with the configuration. It repeats no
// address, which may hold a password by mistake.
func (cfg Config) validate() error {
	errs := []error{configerr.Server("URL", cfg.URL, "http://127.0.0.1:9090")}
	if cfg.Query == "" {
		errs = append(errs, &configerr.Error{Field: "Query", Problem: "is missing", Remedy: "set it"})
	}
	return errors.Join(append(errs,
		configerr.Between("MaxAge", cfg.MaxAge, time.Second, time.Hour),
		configerr.Between("Timeout", cfg.Timeout, time.Millisecond, time.Minute),
	)...)
}
