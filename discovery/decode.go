package discovery

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
	"unicode/utf8"
)

// decode reads a targets file as strictly as Prometheus does, so that the HTTP
// service never serves what a scraper would refuse. It leaves out targets with
// addresses that no member may have.
func (cfg Config) decode(content []byte) (doc *document, dropped int, err error) {
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.DisallowUnknownFields()
	var groups []group
	if err := dec.Decode(&groups); err != nil {
		return nil, 0, fmt.Errorf("decode targets: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, 0, errors.New("decode targets: data after the list")
	}
	if groups == nil {
		return nil, 0, errors.New("decode targets: not a list")
	}
	var parsed []target
	for i, g := range groups {
		targets, err := cfg.targetsOf(g)
		if err != nil {
			return nil, 0, fmt.Errorf("target group %d: %w", i, err)
		}
		parsed = append(parsed, targets...)
		dropped += len(g.Targets) - len(targets)
	}
	slices.SortStableFunc(parsed, func(a, b target) int { return a.at.Compare(b.at) })
	parsed = slices.CompactFunc(parsed, func(a, b target) bool { return a.at == b.at })
	if dropped == 0 {
		return &document{body: content, targets: textsOf(groups), parsed: parsed}, 0, nil
	}
	if doc, err = cfg.document(parsed); err != nil {
		return nil, 0, err
	}
	doc.parsed = parsed
	return doc, dropped, nil
}

// targetsOf returns the targets of a group that may be published again, with
// those of their labels that this program sets.
func (cfg Config) targetsOf(g group) ([]target, error) {
	if g.Targets == nil {
		return nil, errors.New("no targets")
	}
	for name, value := range g.Labels {
		if name == "" || !utf8.ValidString(name) || !utf8.ValidString(value) {
			return nil, fmt.Errorf("label %q is not valid", name)
		}
	}
	var labels map[string]string
	if cfg.Labels {
		labels = maps.Clone(g.Labels)
		maps.DeleteFunc(labels, func(name, _ string) bool { return !strings.HasPrefix(name, cfg.LabelPrefix) })
	}
	targets := make([]target, 0, len(g.Targets))
	for _, text := range g.Targets {
		at, err := netip.ParseAddrPort(text)
		if err != nil || at.Port() == 0 {
			return nil, fmt.Errorf("target %q is not an address with a port", text)
		}
		if cfg.refusal(at.Addr()) == "" {
			targets = append(targets, target{at: at, labels: labels})
		}
	}
	return targets, nil
}
