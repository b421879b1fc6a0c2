package exoapi

import (
	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// addStandard adds the groups that every organization has.
func (s *securityGroups) addStandard() {
	s.standard = &securityGroup{id: s.world.IDs.UUID(), name: "default", visibility: visibilityPrivate}
	s.Add(s.standard.id, s.standard)
	s.addPublic("public-nlb-healthcheck-sources", s.healthcheckSources())
	s.addPublic("public-sks-apiservers", nil) // nothing here comes from one
}

func (s *securityGroups) addPublic(name string, sources []string) {
	g := &securityGroup{id: world.FixedID("group/" + name), name: name, visibility: visibilityPublic, sources: sources}
	s.Add(g.id, g)
}

// healthcheckSources are the networks that load balancers check from.
func (s *securityGroups) healthcheckSources() []string {
	if s.firewall == nil {
		return []string{"127.0.0.1/32"} // what is on this host is checked from there
	}
	prefixes := s.firewall.HealthcheckSources()
	sources := make([]string, len(prefixes))
	for i, p := range prefixes {
		sources[i] = p.String()
	}
	return sources
}

// defaults are the groups of an instance that names none.
func (s *securityGroups) defaults() []wire.Ref {
	if s.Get(s.standard.id) == nil {
		return nil
	}
	return []wire.Ref{{ID: s.standard.id}}
}
