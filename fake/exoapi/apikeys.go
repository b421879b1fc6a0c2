package exoapi

import (
	"maps"
	"slices"
	"sync"
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

// A keyring holds the secrets of all API keys. It has a lock of its own, as
// signatures are verified before the world is looked at.
type keyring struct {
	mu      sync.RWMutex
	secrets map[string]string
}

func (k *keyring) secret(key string) (secret string, known bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	secret, known = k.secrets[key]
	return secret, known
}

func (k *keyring) add(key, secret string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.secrets[key] = secret
}

func (k *keyring) remove(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.secrets, key)
}

// addOwner adds the role and the keys that the organization begins with.
func (w *world) addOwner(credentials map[string]string) {
	owner := &role{
		id: fixedID("role/owner"), name: "Owner", description: "Owns the organization",
		owner: true, policy: permissive(),
	}
	w.roles.add(owner.id, owner)
	for _, key := range slices.Sorted(maps.Keys(credentials)) {
		w.secrets.add(key, credentials[key])
		w.apiKeys.add(key, &apiKey{key: key, name: "owner", role: owner, initial: true})
	}
}

func listAPIKeys(r *request) (any, error) {
	var views []apiKeyDetail
	for k := range r.world.apiKeys.all() {
		views = append(views, k.view())
	}
	return list("api-keys", views), nil
}

func (r *request) apiKey() (*apiKey, error) {
	if k := r.world.apiKeys.get(r.id()); k != nil {
		return k, nil
	}
	return nil, notFound("API key", r.id())
}

func getAPIKey(r *request) (any, error) {
	k, err := r.apiKey()
	if err != nil {
		return nil, err
	}
	return k.view(), nil
}

// createAPIKey is the one creation that is no operation: its answer is the
// only chance to learn the secret.
func createAPIKey(r *request) (any, error) {
	w, f := r.world, r.fields()
	f.require("name", "role-id")
	var name, roleID string
	f.text("name", &name, 1, maxText)
	f.id("role-id", &roleID)
	if err := f.problem(); err != nil {
		return nil, err
	}
	o := w.roles.get(roleID)
	if o == nil {
		return nil, notFound("IAM role", roleID)
	}
	if err := w.room(quotaKeys, r.operationID, 1); err != nil {
		return nil, err
	}
	key, secret := w.ids.credentials()
	k := &apiKey{key: key, name: name, role: o}
	w.apiKeys.add(key, k)
	w.secrets.add(key, secret)
	v := k.view()
	v.Secret = secret
	return v, nil
}

// deleteAPIKey leaves the keys that the cloud began with: whoever runs it
// relies on them.
func deleteAPIKey(r *request) (any, error) {
	k, err := r.apiKey()
	if err != nil {
		return nil, err
	}
	if k.initial {
		return nil, forbidden("API key %s belongs to the owner and cannot be deleted", k.key)
	}
	return r.set("api-key", k.key, func() {
		r.world.apiKeys.remove(k.key)
		r.world.secrets.remove(k.key)
	})
}
