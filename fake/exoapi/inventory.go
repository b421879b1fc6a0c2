package exoapi

import (
	"slices"
)

// Inventory lists what users have made and what is not gone yet, in all zones:
// by kind, as in the API's paths, sorted by name, each as its name and id. Rules
// are listed beside their groups, services beside their load balancers. Kinds of
// which there is nothing are left out, so that the inventory of an empty
// organization is empty; so is that of a closed cloud.
func (c *Cloud) Inventory() map[string][]string {
	found := inventory{}
	c.look(func(w *world) {
		for i := range w.instances.all() {
			found.add("instance", i.name, i.id)
		}
		for p := range w.pools.all() {
			found.add(managerPool, p.name, p.id)
		}
		for b := range w.balancers.all() {
			found.add("load-balancer", b.name, b.id)
			for s := range b.services.all() {
				found.add("service", s.name, s.id)
			}
		}
		for k := range w.keys.all() {
			found.add("ssh-key", k.name, k.fingerprint)
		}
		for g := range w.spreads.all() {
			found.add("anti-affinity-group", g.name, g.id)
		}
		for n := range w.networks.all() {
			found.add("private-network", n.name, n.id)
		}
		for e := range w.elastics.all() {
			found.add("elastic-ip", e.address.String(), e.id)
		}
		found.addGroups(w)
		found.addIAM(w)
	})
	for _, entries := range found {
		slices.Sort(entries)
	}
	return found
}

type inventory map[string][]string

func (v inventory) add(kind, name, id string) { v[kind] = append(v[kind], name+" "+id) }

// addGroups leaves out the groups that every organization has, but not what
// was put into them.
func (v inventory) addGroups(w *world) {
	for g := range w.groups.all() {
		if !g.standard {
			v.add("security-group", g.name, g.id)
		}
		for _, u := range g.rules {
			v.add("rule", g.name, u.ID)
		}
		for _, cidr := range g.sources {
			v.add("external-source", g.name, cidr)
		}
	}
}

func (v inventory) addIAM(w *world) {
	for o := range w.roles.all() {
		if !o.owner {
			v.add("iam-role", o.name, o.id)
		}
	}
	for k := range w.apiKeys.all() {
		if !k.initial {
			v.add("api-key", k.name, k.key)
		}
	}
	if p := w.orgPolicy; p.Strategy != policyAllow || len(p.Services) > 0 {
		v.add("iam-organization-policy", p.Strategy, w.orgID)
	}
}
