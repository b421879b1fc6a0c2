package network

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"regexp"
)

// Config is what a [Network] needs. Only Logger is required.
type Config struct {
	Logger *slog.Logger
	// Prefix begins the names of all that is made: namespaces, and the
	// interface of the host. One to twelve lower-case letters and digits,
	// the first one a letter. Default "exopool".
	Prefix string
	// Range is where all addresses come from, an IPv4 range of 8 to 24 bits
	// that the host has no other use for. Default 198.18.0.0/16.
	Range netip.Prefix
	// RangeFlag is how users set Range, for the error that asks them to.
	RangeFlag string
}

// DefaultPrefix is the [Config]'s.
const DefaultPrefix = "exopool"

// withDefaults returns the configuration with its defaults filled in.
func (c Config) withDefaults() Config {
	c.Prefix = cmp.Or(c.Prefix, DefaultPrefix)
	c.Range = cmp.Or(c.Range, defaultRange())
	return c
}

// validate returns all that is wrong with a configuration.
func (c Config) validate() error {
	var noLogger error
	if c.Logger == nil {
		noLogger = errors.New("no logger given")
	}
	return errors.Join(noLogger, validatePrefix(c.Prefix))
}

// validatePrefix allows no dash, so that no network's names begin with another's
// prefix and a dash. Interface names have 15 characters at most.
func validatePrefix(prefix string) error {
	if !regexp.MustCompile(`^[a-z][a-z0-9]{0,11}$`).MatchString(prefix) {
		return fmt.Errorf("prefix %q: want 1 to 12 lower-case letters and digits that begin with a letter", prefix)
	}
	return nil
}

// validateID keeps names of namespaces apart from paths.
func validateID(id string) error {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`).MatchString(id) {
		return fmt.Errorf("machine id %q: want 1 to 64 letters, digits, dashes and underscores", id)
	}
	return nil
}
