package notifier

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// What our Grafana provisioning sets.
const (
	defaultGroupInterval  = 10 * time.Second
	defaultRepeatInterval = 45 * time.Second
)

// Config configures a [Notifier]. URL is required.
type Config struct {
	// URL of the receiver without a path, such as http://127.0.0.1:8090.
	// Webhooks go to its /up and /down.
	URL string
	// Token is sent as "Authorization: Bearer"; empty sends none.
	Token string
	// GroupInterval is how often a firing group is flushed, 10 s when zero.
	GroupInterval time.Duration
	// RepeatInterval has to pass before a webhook is repeated, 45 s when
	// zero. It should not be a multiple of GroupInterval, or milliseconds
	// decide whether a repeat waits for one more flush.
	RepeatInterval time.Duration
	// Timeout of one delivery, GroupInterval when zero.
	Timeout time.Duration
	// Transport carries the requests; by default one without a proxy, as the
	// receiver is on the same host.
	Transport http.RoundTripper
	// Logger gets failed deliveries; by default they are not logged.
	Logger *slog.Logger
	// OnDelivery is called after every attempt, on one goroutine per direction:
	// direction is "up" or "down", status that of the answer or 0 when there
	// was none, and err nil when the webhook was delivered. It may be nil.
	OnDelivery func(direction string, status int, err error)
}

// validate returns all faults of the configuration, and never the token.
func (c Config) validate() error {
	_, err := receiver(c.URL)
	faults := []error{err}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"GroupInterval", c.GroupInterval}, {"RepeatInterval", c.RepeatInterval}, {"Timeout", c.Timeout},
	} {
		if d.value < 0 {
			faults = append(faults, fmt.Errorf("%s is %s: want a positive duration", d.name, d.value))
		}
	}
	if strings.ContainsFunc(c.Token, func(r rune) bool { return r < ' ' || r > '~' }) {
		faults = append(faults, errors.New("the Token has characters that are not allowed in a header"))
	}
	return errors.Join(faults...)
}

func (c Config) withDefaults() Config {
	c.GroupInterval = cmp.Or(c.GroupInterval, defaultGroupInterval)
	c.RepeatInterval = cmp.Or(c.RepeatInterval, defaultRepeatInterval)
	c.Timeout = cmp.Or(c.Timeout, c.GroupInterval)
	if c.Transport == nil {
		c.Transport = &http.Transport{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.OnDelivery == nil {
		c.OnDelivery = func(string, int, error) {}
	}
	return c
}

// receiver parses the URL of the receiver.
func receiver(raw string) (*url.URL, error) {
	base, err := url.Parse(raw)
	if err != nil {
		// The text of a parse error repeats the URL, secrets included.
		return nil, errors.New("the URL of the webhook receiver cannot be parsed")
	}
	if (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, errors.New("the URL of the webhook receiver is not like http://host:port")
	}
	if base.User != nil || base.RawQuery != "" {
		return nil, errors.New("the URL of the webhook receiver has a user or a query: give a secret as Token")
	}
	return base, nil
}
