package exoapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// MaxState is the longest state that is saved or loaded, in bytes.
const MaxState = 64 << 20

// maxAge bounds how much time has to pass again at a load, of which some is retries.
const maxAge = 10 * 365 * 24 * time.Hour

const (
	stateFormat  = "fakecloud-state"
	stateVersion = 1
)

// A stateHeader is the first line of a saved state. The others are entries of the
// journal.
type stateHeader struct {
	Format  string    `json:"format"`
	Version int       `json:"version"`
	Seed    uint64    `json:"seed"`
	Began   time.Time `json:"began"`
	// Settings are those that changes depend on, by name.
	Settings    map[string]string `json:"settings"`
	Credentials map[string]string `json:"credentials"`
}

// ErrState is the error of a state that is damaged, or does not fit the cloud.
var ErrState = errors.New("load the state")

// StateNetworks returns the networks from which a saved state has the addresses of
// its instances and load balancers. A cloud that loads it has to have the same.
func StateNetworks(state []byte) (instances, balancers netip.Prefix, err error) {
	first, _, _ := bytes.Cut(state, []byte("\n"))
	var header stateHeader
	if err := decodeStrictly(first, &header); err != nil || header.Format != stateFormat {
		return instances, balancers, fmt.Errorf("%w: %w", ErrState, errNoState)
	}
	of, behind, _ := strings.Cut(header.Settings["networks"], ",")
	instances, err = netip.ParsePrefix(of)
	if err == nil {
		balancers, err = netip.ParsePrefix(behind)
	}
	if err != nil {
		return netip.Prefix{}, netip.Prefix{}, fmt.Errorf("%w: its networks are damaged", ErrState)
	}
	return instances, balancers, nil
}

var errNoState = errors.New("this is not a state that fakecloud has saved")

var errNoChanges = errors.New("the cloud does not keep its changes")

// Save writes the state: all that has changed since the cloud began, from which
// [Cloud.Load] makes it again. It holds user-data and the keys of the account.
// The error says so if the cloud does not keep changes, or there were too many.
func (c *Cloud) Save(w io.Writer) error {
	var text []byte
	if err := c.world.Do(func() (err error) {
		text, err = c.state()
		return err
	}); err != nil {
		return fmt.Errorf("save the state: %w", err)
	}
	_, err := w.Write(text)
	return err
}

// state returns the state. The world has to be locked.
func (c *Cloud) state() ([]byte, error) {
	switch {
	case !c.cfg.KeepChanges:
		return nil, errNoChanges
	case c.journal.full:
		return nil, fmt.Errorf("there were more than %d MiB of changes since the last reset", maxJournal>>20)
	}
	header, err := json.Marshal(stateHeader{
		Format: stateFormat, Version: stateVersion, Seed: c.world.IDs.Seed(), Began: c.journal.began,
		Settings: c.settings(), Credentials: c.cfg.Credentials,
	})
	if err != nil {
		return nil, err
	}
	return slices.Concat(header, []byte("\n"), c.journal.text), nil
}

// settings returns what the effect of changes depends on.
func (c *Cloud) settings() map[string]string {
	instances, balancers := c.driver.Networks()
	timing := c.given.Timing
	timing.Speed, timing.Instant = 0, false
	return map[string]string{
		"speed":                  fmt.Sprint(c.cfg.Timing.Speed),
		"instant":                fmt.Sprint(c.cfg.Timing.Instant),
		"timing":                 fmt.Sprintf("%+v", timing),
		"removal":                fmt.Sprintf("%+v", c.cfg.Removal),
		"quotas":                 fmt.Sprint(c.cfg.Quotas),
		"zones":                  strings.Join(c.cfg.Zones, ","),
		"templates":              fmt.Sprintf("%q", c.cfg.Templates),
		"catalog":                c.cfg.Catalog.hash(),
		"networks":               instances.String() + "," + balancers.String(),
		"anti-affinity-capacity": fmt.Sprint(c.cfg.AntiAffinityCapacity),
	}
}

// A savedState is a state that was read.
type savedState struct {
	header  stateHeader
	entries []entry
	text    []byte // of the entries
}

// parseState reads a saved state.
func parseState(text []byte) (*savedState, error) {
	if len(text) > MaxState {
		return nil, fmt.Errorf("the state is longer than %d MiB", MaxState>>20)
	}
	first, rest, found := bytes.Cut(text, []byte("\n"))
	var s savedState
	if err := decodeStrictly(first, &s.header); err != nil || !found || s.header.Format != stateFormat {
		return nil, errNoState
	}
	if s.header.Version != stateVersion {
		return nil, fmt.Errorf("the state has version %d, and this fakecloud reads version %d only", s.header.Version, stateVersion)
	}
	if s.header.Seed == 0 {
		return nil, errors.New("the state has no seed")
	}
	for key, secret := range s.header.Credentials {
		if key == "" || secret == "" {
			return nil, errors.New("an API key of the state, or its secret, is empty")
		}
	}
	s.text = rest
	last := s.header.Began
	for number := 1; len(rest) > 0; number++ {
		line, others, found := bytes.Cut(rest, []byte("\n"))
		var e entry
		if err := decodeStrictly(line, &e); err != nil || !found {
			return nil, fmt.Errorf("change %d of the state is damaged", number)
		}
		if e.At.Before(last) {
			return nil, fmt.Errorf("change %d of the state is before the one before it", number)
		}
		last, rest = e.At, others
		s.entries = append(s.entries, e)
	}
	return &s, nil
}

// decodeStrictly decodes one JSON value with known fields only.
func decodeStrictly(text []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the value")
	}
	return nil
}

// fits refuses a state that was made with other settings: its changes might not
// be possible, or lead to something else.
func (s *savedState) fits(settings map[string]string, now time.Time) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if was := s.header.Settings[name]; was != settings[name] {
			errs = append(errs, fmt.Errorf("%s was %q, and is %q", name, was, settings[name]))
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("the state was made with other settings; start the cloud with the same: %w", errors.Join(errs...))
	}
	if now.Sub(s.header.Began) > maxAge {
		return fmt.Errorf("the state is too old: it began at %s", s.header.Began.Format(time.RFC3339))
	}
	// A clock may be a little behind that of another host.
	last := s.header.Began
	if n := len(s.entries); n > 0 {
		last = s.entries[n-1].At
	}
	if last.After(now.Add(24 * time.Hour)) {
		return fmt.Errorf("the state is of the future: its last change was at %s", last.Format(time.RFC3339))
	}
	return nil
}
