package discovery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
)

// A group is a target group in the format that file_sd and HTTP SD share.
type group struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// A document is a rendered set of targets.
type document struct {
	body    []byte
	targets []string // sorted by their text
	parsed  []target // of one that was read from the file
}

// A target is one member that Prometheus is to scrape.
type target struct {
	at     netip.AddrPort
	pool   string // as the configuration names it; empty: unknown
	member member // without an Instance: from the file
	labels map[string]string
}

// targets returns the targets of all pools, in the order of their addresses. Until
// the members of each pool are known, it keeps the targets that the file had at
// the start.
func (a *Agent) targets(backends []Backend) []target {
	taken := make(map[netip.AddrPort]bool)
	var targets []target
	for _, s := range a.pools {
		for _, m := range s.members {
			at := netip.AddrPortFrom(m.addr, uint16(a.cfg.Port)) //nolint:gosec // checked by Validate
			if !m.addr.IsValid() || taken[at] {
				continue
			}
			taken[at] = true
			t := target{at: at, pool: s.name, member: m}
			if a.cfg.Labels {
				t.labels = a.cfg.labels(s.pool, m, backends)
			}
			targets = append(targets, t)
		}
	}
	earlier := slices.DeleteFunc(slices.Clone(a.earlier), func(t target) bool { return taken[t.at] })
	if a.assignEarlier(len(earlier)) {
		targets = append(targets, earlier...)
	} else {
		a.earlier = nil
	}
	slices.SortFunc(targets, func(a, b target) int { return a.at.Compare(b.at) })
	return targets
}

// assignEarlier counts n targets of the file for a pool that they may belong to,
// and reports whether there is one.
func (a *Agent) assignEarlier(n int) bool {
	assigned := false
	for _, s := range a.pools {
		s.earlier = 0
		if !s.settled && !assigned {
			s.earlier, assigned = n, true
		}
	}
	return assigned
}

// document renders targets. The same targets give the same bytes.
func (cfg Config) document(targets []target) (*document, error) {
	groups := groupByLabels(targets)
	if !cfg.Labels && len(groups) == 0 {
		groups = []group{{Targets: []string{}, Labels: map[string]string{}}}
	}
	return encode(groups)
}

// groupByLabels groups targets with the same labels, in the order of the first
// target of each group.
func groupByLabels(targets []target) []group {
	groups := []group{}
	index := make(map[string]int)
	for _, t := range targets {
		key := ""
		if len(t.labels) > 0 {
			key = fmt.Sprintf("%q", t.labels) // in the order of the names
		}
		at, known := index[key]
		if !known {
			at = len(groups)
			index[key] = at
			labels := t.labels
			if labels == nil {
				labels = map[string]string{}
			}
			groups = append(groups, group{Labels: labels})
		}
		groups[at].Targets = append(groups[at].Targets, t.at.String())
	}
	return groups
}

// encode renders groups, which are in order already; package json sorts the
// labels.
func encode(groups []group) (*document, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(groups); err != nil {
		return nil, fmt.Errorf("encode targets: %w", err)
	}
	return &document{body: buf.Bytes(), targets: textsOf(groups)}, nil
}

func textsOf(groups []group) []string {
	var all []string
	for _, g := range groups {
		all = append(all, g.Targets...)
	}
	slices.Sort(all)
	return all
}

// changes counts the targets that only one of two documents has.
func changes(before, after *document) (added, removed int) {
	var old []string
	if before != nil {
		old = before.targets
	}
	return missing(after.targets, old), missing(old, after.targets)
}

// missing counts the entries of a that b does not have; both are sorted.
func missing(a, b []string) int {
	n := 0
	for _, s := range a {
		if _, found := slices.BinarySearch(b, s); !found {
			n++
		}
	}
	return n
}
