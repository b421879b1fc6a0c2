package exoapi

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
)

// reachedAt returns what reports whether an instance is reached at an address,
// be it its own or an elastic one. All are at the empty one.
func (s *instances) reachedAt(ip string) func(*instance) bool {
	var elastic []wire.Ref
	for e := range s.specs.elasticIPs.All() {
		if e.address.String() == ip {
			elastic = append(elastic, wire.Ref{ID: e.id})
		}
	}
	return func(i *instance) bool {
		return ip == "" || ip == i.address6 || i.address.IsValid() && ip == i.address.String() ||
			slices.ContainsFunc(elastic, func(e wire.Ref) bool { return slices.Contains(i.elasticIPs, e) })
	}
}

// labelFilter reads "name=value name=value", which clients escape once more than
// a query needs. An older one sends a JSON object instead.
func labelFilter(text string) (map[string]string, error) {
	if plain, err := url.QueryUnescape(text); err == nil && !strings.ContainsAny(text, "= {") {
		text = plain
	}
	wanted := map[string]string{}
	if strings.HasPrefix(text, "{") {
		if err := json.Unmarshal([]byte(text), &wanted); err != nil {
			return nil, wire.Invalid("bad request: labels must be an object of strings")
		}
		return wanted, nil
	}
	for pair := range strings.FieldsSeq(text) {
		name, value, found := strings.Cut(pair, "=")
		if !found || name == "" {
			return nil, wire.Invalid("bad request: labels must be name=value pairs")
		}
		wanted[name] = value
	}
	return wanted, nil
}

func carries(labels, wanted map[string]string) bool {
	for name, value := range wanted {
		if got, ok := labels[name]; !ok || got != value {
			return false
		}
	}
	return true
}
