package exoapi

type poolView struct {
	ID                 string            `json:"id"`
	Name               string            `json:"name"`
	Description        string            `json:"description,omitempty"`
	State              string            `json:"state"`
	Size               int               `json:"size"`
	MinAvailable       int               `json:"min-available"`
	InstancePrefix     string            `json:"instance-prefix"`
	DiskSize           int               `json:"disk-size"`
	InstanceType       ref               `json:"instance-type"`
	Template           ref               `json:"template"`
	Instances          []ref             `json:"instances"`
	SecurityGroups     []ref             `json:"security-groups"`
	AntiAffinityGroups []ref             `json:"anti-affinity-groups"`
	PrivateNetworks    []ref             `json:"private-networks"`
	ElasticIPs         []ref             `json:"elastic-ips"`
	SSHKey             *keyRef           `json:"ssh-key,omitempty"`
	SSHKeys            []keyRef          `json:"ssh-keys,omitempty"`
	IPv6Enabled        bool              `json:"ipv6-enabled"`
	Assignment         string            `json:"public-ip-assignment"`
	UserData           string            `json:"user-data,omitempty"`
	Labels             map[string]string `json:"labels"`
}

func (p *pool) view() poolView {
	v := poolView{
		ID:                 p.id,
		Name:               p.name,
		Description:        p.description,
		State:              p.state,
		Size:               p.size,
		MinAvailable:       p.minAvailable,
		InstancePrefix:     p.prefix,
		DiskSize:           p.diskSize,
		InstanceType:       ref{p.instanceType.ID},
		Template:           ref{p.template.ID},
		Instances:          make([]ref, 0, p.live),
		SecurityGroups:     nonNil(p.groups),
		AntiAffinityGroups: nonNil(p.spreads),
		PrivateNetworks:    nonNil(p.networks),
		ElasticIPs:         nonNil(p.elastics),
		SSHKey:             p.firstKey(),
		SSHKeys:            p.keys,
		IPv6Enabled:        p.dual(),
		Assignment:         p.assignment,
		UserData:           p.userData,
		Labels:             p.labels,
	}
	for i := range p.members.all() {
		if i.state != instanceDestroying {
			v.Instances = append(v.Instances, ref{i.id})
		}
	}
	if v.Labels == nil {
		v.Labels = map[string]string{}
	}
	return v
}

func listPools(r *request) (any, error) {
	var views []poolView
	for p := range r.world.pools.all() {
		if p.zone == r.zone {
			views = append(views, p.view())
		}
	}
	return list("instance-pools", views), nil
}

func (r *request) pool() (*pool, error) { return r.world.pool(r.zone, r.id()) }

func getPool(r *request) (any, error) {
	p, err := r.pool()
	if err != nil {
		return nil, err
	}
	return p.view(), nil
}
