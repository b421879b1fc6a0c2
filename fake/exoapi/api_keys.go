package exoapi

import (
	"maps"
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/iam"
	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// An apiKey is a credential that was handed out. Its secret is in the keyring
// only.
type apiKey struct {
	key, name string
	role      *role
	initial   bool // one that the cloud began with
}

type apiKeyDetail struct {
	Key    string `json:"key"`
	Name   string `json:"name"`
	RoleID string `json:"role-id"`
	Secret string `json:"secret,omitempty"` // in the answer to its creation only
}

func (k *apiKey) view() apiKeyDetail {
	return apiKeyDetail{Key: k.key, Name: k.name, RoleID: k.role.id}
}

type apiKeys struct {
	collection[apiKey]

	keyring *iam.Keyring
	roles   *roles
}

func newAPIKeys(w *world.World, keyring *iam.Keyring) *apiKeys {
	return &apiKeys{
		collection: collection[apiKey]{
			world: w, kind: "api-key", label: "API key",
			quota: &world.Quota{Name: "iam-key", Limit: 100},
			name:  func(k *apiKey) string { return k.name },
			view:  func(k *apiKey) any { return k.view() },
		},
		keyring: keyring,
	}
}

func (s *apiKeys) declare() resource {
	getKey := get("/api-key/{id}", "get-api-key", s.get)
	deleteKey := del("/api-key/{id}", "delete-api-key", s.delete)
	getKey.word, deleteKey.word = true, true
	d := s.collection.declare(
		get("/api-key", "list-api-keys", s.list),
		post("/api-key", "create-api-key", s.create),
		getKey,
		deleteKey,
	)
	d.service = serviceIAM
	d.User = func(id string) string {
		for k := range s.All() {
			if k.role.id == id {
				return "API key " + k.key
			}
		}
		return ""
	}
	d.Inventory = func(found world.Inventory) {
		for k := range s.All() {
			if !k.initial {
				found.Add(s.kind, k.name, k.key)
			}
		}
	}
	return d
}

// ownerRoleID is that of the role that the organization begins with.
func ownerRoleID() string { return world.FixedID("role/owner") }

// addOwner adds the role and the keys that the organization begins with.
func (s *apiKeys) addOwner(credentials map[string]string) {
	owner := &role{
		id: ownerRoleID(), name: "Owner", description: "Owns the organization",
		owner: true, policy: iam.Permissive(),
	}
	s.roles.Add(owner.id, owner)
	for _, key := range slices.Sorted(maps.Keys(credentials)) {
		s.keyring.Add(key, credentials[key])
		s.Add(key, &apiKey{key: key, name: "owner", role: owner, initial: true})
	}
}

// create is the one creation that is no operation: only its answer has the
// secret.
func (s *apiKeys) create(r *request) (any, error) {
	f := r.fields()
	f.Require("name", "role-id")
	var name, roleID string
	f.Text("name", &name, 1, wire.MaxText)
	f.ID("role-id", &roleID)
	if err := f.Err(); err != nil {
		return nil, err
	}
	o, err := s.roles.find(r.zone, roleID)
	if err != nil {
		return nil, err
	}
	if err := s.checkQuota(r, 1); err != nil {
		return nil, err
	}
	key, secret := s.world.IDs.Credentials()
	k := &apiKey{key: key, name: name, role: o}
	s.Add(key, k)
	s.keyring.Add(key, secret)
	v := k.view()
	v.Secret = secret
	return v, nil
}

// delete refuses the keys that the cloud began with: its user relies on them.
func (s *apiKeys) delete(r *request) (any, error) {
	k, err := s.named(r)
	if err != nil {
		return nil, err
	}
	if k.initial {
		return nil, wire.Forbidden("API key %s belongs to the owner and cannot be deleted", k.key)
	}
	return s.set(r, k.key, func() {
		s.Remove(k.key)
		s.keyring.Remove(k.key)
	})
}
