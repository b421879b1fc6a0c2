package exoapi

import (
	"encoding/json"
	"fmt"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// An instanceView is an instance in the API's JSON shape. Fields that lists
// leave out are empty there.
type instanceView struct {
	ID              string            `json:"id"`
	Name            string            `json:"name"`
	State           string            `json:"state"`
	CreatedAt       string            `json:"created-at"`
	InstanceType    wire.Ref          `json:"instance-type"`
	Template        wire.Ref          `json:"template"`
	PublicIP        string            `json:"public-ip,omitempty"`
	IPv6Address     string            `json:"ipv6-address,omitempty"`
	Assignment      string            `json:"public-ip-assignment"`
	MACAddress      string            `json:"mac-address"`
	SecurityGroups  []wire.Ref        `json:"security-groups"`
	PrivateNetworks []nicView         `json:"private-networks"`
	SSHKey          *keyRef           `json:"ssh-key,omitempty"`
	SSHKeys         []keyRef          `json:"ssh-keys,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	Manager         *managerView      `json:"manager,omitempty"`

	*instanceDetail
}

// An instanceDetail is what only a single instance's answer has.
type instanceDetail struct {
	DiskSize          int          `json:"disk-size"`
	UserData          string       `json:"user-data,omitempty"`
	AntiAffinityGroup []wire.Ref   `json:"anti-affinity-groups"`
	ElasticIPs        []attachedIP `json:"elastic-ips"`
	Snapshots         []wire.Ref   `json:"snapshots"`
	SecureBoot        bool         `json:"secureboot-enabled"`
	TPM               bool         `json:"tpm-enabled"`
	DiskEncrypted     bool         `json:"disk-encrypted"`
	Consistent        bool         `json:"application-consistent-snapshot-enabled"`
}

type attachedIP struct {
	ID string `json:"id"`
	IP string `json:"ip"`
}

type nicView struct {
	ID         string `json:"id"` // of the network
	MACAddress string `json:"mac-address"`
}

type managerView struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// managerPool is what manages the members of pools.
const managerPool = "instance-pool"

func (i *instance) view() instanceView {
	v := instanceView{
		ID:              i.id,
		Name:            i.name,
		State:           i.state,
		CreatedAt:       i.created,
		InstanceType:    wire.Ref{ID: i.instanceType.ID},
		Template:        wire.Ref{ID: i.template.ID},
		IPv6Address:     i.address6,
		Assignment:      i.assignment,
		MACAddress:      i.mac,
		SecurityGroups:  wire.NonNil(i.securityGroups),
		PrivateNetworks: make([]nicView, 0, len(i.nics)),
		SSHKey:          i.firstKey(),
		SSHKeys:         i.sshKeys,
		Labels:          i.labels,
	}
	for _, c := range i.nics {
		v.PrivateNetworks = append(v.PrivateNetworks, nicView{c.network.id, c.mac})
	}
	if i.address.IsValid() {
		v.PublicIP = i.address.String()
	}
	if i.pool != nil {
		v.Manager = &i.pool.manager
	}
	return v
}

func (s *instances) fullView(i *instance) instanceView {
	v := i.view()
	v.instanceDetail = &instanceDetail{
		DiskSize:          i.diskSize,
		UserData:          i.userData,
		AntiAffinityGroup: wire.NonNil(i.antiAffinityGroups),
		ElasticIPs:        make([]attachedIP, 0, len(i.elasticIPs)),
		Snapshots:         wire.NonNil(i.snapshots),
		SecureBoot:        i.secureBoot,
		TPM:               i.tpm,
		DiskEncrypted:     true, // all are
		Consistent:        i.consistent,
	}
	for _, ref := range i.elasticIPs {
		v.ElasticIPs = append(v.ElasticIPs, attachedIP{ref.ID, s.specs.elasticIPs.Get(ref.ID).address.String()})
	}
	return v
}

// list costs time in proportion to the pool, not to the zone, when
// it is asked for a pool's members.
func (s *instances) list(r *request) (any, error) {
	q := &r.query
	membersOnly := q.Get("manager-type") != ""
	if membersOnly && q.Get("manager-type") != managerPool {
		return nil, wire.Invalid("bad request: manager-type must be %s", managerPool)
	}
	wanted, err := labelFilter(q.Get("labels"))
	if err != nil {
		return nil, err
	}
	from := &s.Store
	if text := q.Get("manager-id"); text != "" {
		id, ok := wire.ParseID(text)
		if !ok {
			return nil, wire.Invalid("bad request: manager-id must be a UUID")
		}
		from = &world.Store[instance]{}
		if p := s.pools.Get(id); p != nil {
			from = &p.members
		}
	}
	found := wire.EncodedList{Key: "instances", Entries: make([][]byte, 0, from.Len())}
	reachedAt := s.reachedAt(q.Get("ip-address"))
	for i := range from.All() {
		if i.zone != r.zone || membersOnly && i.pool == nil {
			continue
		}
		if !reachedAt(i) || !carries(i.labels, wanted) {
			continue
		}
		if i.encoded == nil {
			if i.encoded, err = json.Marshal(i.view()); err != nil {
				return nil, fmt.Errorf("encode instance %s: %w", i.id, err)
			}
		}
		found.Entries = append(found.Entries, i.encoded)
	}
	return found, nil
}
