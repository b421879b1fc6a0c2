package exoapi

import (
	"encoding/json"
	"strings"

	"github.com/exopool/exopool/fake/exoapi/internal/iam"
	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// Services of the policies, as far as they are emulated.
const (
	serviceCompute = "compute"
	serviceIAM     = "iam"
	serviceAudit   = "audit-trail"
	serviceDNS     = "dns"
)

// access decides which keys may make which calls.
type access struct {
	world        *world.World
	keys         *apiKeys
	organization *organization
}

// authorize asks the policies of the organization and of the key's role, both
// of which must allow the call. The owner may do everything.
func (a *access) authorize(r *request, rt *route) error {
	key := a.keys.Get(r.key)
	if key == nil {
		return iam.UnknownKey()
	}
	role := key.role
	if role.owner || rt.permission && role.permits(rt.OperationID) {
		return nil
	}
	service := rt.service
	bindings := a.bindings(r, service)
	if !a.organization.policy.Allows(service, bindings) {
		return wire.Assuming(wire.AssumesPolicyDecides, wire.Forbidden("Forbidden by organization policy for %s", service))
	}
	if !role.policy.Allows(service, bindings) {
		return wire.Assuming(wire.AssumesPolicyDecides, wire.Forbidden("Forbidden by role policy for %s", service))
	}
	return nil
}

// bindings are the variables of expressions. Those that cost something to
// collect are only collected when an expression reads them.
func (a *access) bindings(r *request, service string) map[string]any {
	resources := func() any { return a.resources(r) }
	return map[string]any{
		"service":    service,
		"operation":  r.operationID,
		"zone":       r.zone,
		"now":        a.world.Timestamp(),
		"source_ip":  r.sourceIP,
		"api_key":    r.key,
		"parameters": func() any { return r.parameters() },
		"resources":  resources,
		"resource":   resources,
	}
}

// parameters are all that the call says: in its path, query and body.
func (r *request) parameters() map[string]any {
	all := map[string]any{}
	var body map[string]any
	// A body that is no object is refused later.
	_ = json.Unmarshal(r.body, &body)
	for name, value := range body {
		all[identifier(name)] = identifiers(value)
	}
	for name := range r.query.Values {
		all[identifier(name)] = r.query.Values.Get(name)
	}
	for name, value := range r.params {
		all[identifier(name)] = value
	}
	return all
}

// identifiers makes names of fields into identifiers, all the way down.
func identifiers(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, inner := range v {
			out[identifier(name)] = identifiers(inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = identifiers(v[i])
		}
		return out
	default:
		return value
	}
}

func identifier(name string) string { return strings.ReplaceAll(name, "-", "_") }

// resources is what the call's path names, by its kind: an id and a name, which is
// empty for one without.
func (a *access) resources(r *request) map[string]any {
	found := map[string]any{}
	add := func(kind, id string) {
		if name, ok := a.world.NameOf(kind, id); ok {
			found[identifier(kind)] = map[string]any{"id": id, "name": name}
		}
	}
	add(r.kind, r.id())
	for param, id := range r.params {
		// What is below another resource says its kind in its parameter.
		if kind, ok := strings.CutSuffix(param, "-id"); ok {
			add(kind, id)
		}
	}
	return found
}
