package notify

import (
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

// A Clock tells the time and waits.
type Clock interface {
	Now() time.Time
	// After returns a channel that delivers the time once d has passed.
	After(d time.Duration) <-chan time.Time
}

// Config is what a [Notifier] is made of. URL is required.
type Config struct {
	// URL of the receiver without a path, such as http://127.0.0.1:8090.
	// Webhooks go to its /up and /down.
	URL string
	// Token is sent as "Authorization: Bearer"; empty sends none.
	Token string
	// GroupInterval is how often a firing group is looked at, 10 s when zero.
	GroupInterval time.Duration
	// RepeatInterval has to pass before a webhook is repeated, 45 s when
	// zero. Keep it off multiples of GroupInterval, else milliseconds decide
	// whether a repeat waits for one look more.
	RepeatInterval time.Duration
	// Timeout of one delivery, GroupInterval when zero.
	Timeout time.Duration
	// Transport carries the requests. Nil is one of the notifier's own,
	// which uses no proxy: the receiver is on this machine.
	Transport http.RoundTripper
	// Clock is the computer's when nil.
	Clock Clock
	// Logger hears of failed deliveries. Nil discards.
	Logger *slog.Logger
	// OnDelivery is told of every attempt, from one goroutine per direction:
	// direction is "up" or "down", status that of the answer or 0 when there
	// was none, and err nil when the webhook was delivered. It may be nil.
	OnDelivery func(direction string, status int, err error)
}

// withDefaults fills in optional fields and checks the others. The error
// names all faults and never the token.
func (c Config) withDefaults() (Config, *url.URL, error) {
	base, err := receiver(c.URL)
	faults := []error{err}
	for _, d := range []struct {
		name  string
		value *time.Duration
		unset time.Duration
	}{
		{"GroupInterval", &c.GroupInterval, defaultGroupInterval},
		{"RepeatInterval", &c.RepeatInterval, defaultRepeatInterval},
		{"Timeout", &c.Timeout, 0},
	} {
		if *d.value < 0 {
			faults = append(faults, fmt.Errorf("%s is %s: want a positive duration", d.name, *d.value))
		}
		if *d.value == 0 {
			*d.value = d.unset
		}
	}
	if c.Timeout == 0 {
		c.Timeout = c.GroupInterval
	}
	if strings.ContainsFunc(c.Token, func(r rune) bool { return r < ' ' || r > '~' }) {
		faults = append(faults, errors.New("the Token has characters that do not fit a header"))
	}
	if c.Clock == nil {
		c.Clock = systemClock{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.OnDelivery == nil {
		c.OnDelivery = func(string, int, error) {}
	}
	return c, base, errors.Join(faults...)
}

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

type systemClock struct{}

func (systemClock) Now() time.Time                         { return time.Now() }
func (systemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }
