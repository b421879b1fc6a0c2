package network

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"regexp"
)

// Config is what a [Network] needs. Only Log is required.
type Config struct {
	Log *slog.Logger
	// Prefix begins the names of all that is made: namespaces, and the
	// interface of the computer. One to twelve lower-case letters and digits,
	// the first one a letter. Default "exopool".
	Prefix string
	// Range is where all addresses come from, an IPv4 range of 8 to 24 bits
	// that the computer has no other use for. Default 198.18.0.0/16.
	Range netip.Prefix
	// RangeFlag is how users set Range, for the error that asks them to.
	RangeFlag string
}

// DefaultPrefix is the [Config]'s.
const DefaultPrefix = "exopool"

func (c *Config) complete() error {
	if c.Log == nil {
		return errors.New("no logger given")
	}
	if c.Prefix == "" {
		c.Prefix = DefaultPrefix
	}
	if !c.Range.IsValid() {
		c.Range = defaultRange()
	}
	return validPrefix(c.Prefix)
}

// validPrefix allows no dash, so that no network's names begin with another's
// prefix and a dash. Interface names have 15 characters at most.
func validPrefix(prefix string) error {
	if !regexp.MustCompile(`^[a-z][a-z0-9]{0,11}$`).MatchString(prefix) {
		return fmt.Errorf("prefix %q: want 1 to 12 lower-case letters and digits that begin with a letter", prefix)
	}
	return nil
}

// validID keeps names of namespaces apart from paths.
func validID(id string) error {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`).MatchString(id) {
		return fmt.Errorf("machine id %q: want 1 to 64 letters, digits, dashes and underscores", id)
	}
	return nil
}
