package exoapi

import (
	"crypto/md5" //nolint:gosec // The API's fingerprints are MD5; nothing relies on them.
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// An sshKey is found by its name.
type sshKey struct {
	name        string
	fingerprint string
	public      string
}

type sshKeyView struct {
	Name        string `json:"name"`
	Fingerprint string `json:"fingerprint"`
}

func (k *sshKey) view() sshKeyView { return sshKeyView{k.name, k.fingerprint} }

type sshKeys struct{ collection[sshKey] }

func newSSHKeys(w *world.World) *sshKeys {
	return &sshKeys{collection[sshKey]{
		world: w, kind: "ssh-key", label: "SSH key",
		name: func(k *sshKey) string { return k.name },
		view: func(k *sshKey) any { return k.view() },
	}}
}

func (s *sshKeys) declare() resource {
	d := s.collection.declare(
		get("/ssh-key", "list-ssh-keys", s.list),
		post("/ssh-key", "register-ssh-key", s.register),
		get("/ssh-key/{name}", "get-ssh-key", s.get),
		del("/ssh-key/{name}", "delete-ssh-key", s.delete),
	)
	d.Inventory = func(found world.Inventory) {
		for k := range s.All() {
			found.Add(s.kind, k.name, k.fingerprint)
		}
	}
	return d
}

// fingerprint hashes a key given in the format of authorized_keys.
func fingerprint(public string) (string, error) {
	parts := strings.Fields(public)
	if len(parts) < 2 {
		return "", wire.Invalid("bad request: public-key is not in the format of authorized_keys")
	}
	blob, err := base64.StdEncoding.DecodeString(parts[1])
	// The blob starts with the length and the name of the algorithm.
	if err != nil || len(blob) < 4 || uint64(len(blob)) < 4+uint64(binary.BigEndian.Uint32(blob)) ||
		string(blob[4:4+binary.BigEndian.Uint32(blob)]) != parts[0] {
		return "", wire.Invalid("bad request: public-key is not in the format of authorized_keys")
	}
	sum := md5.Sum(blob) //nolint:gosec // See above.
	return strings.ReplaceAll(fmt.Sprintf("% x", sum), " ", ":"), nil
}

// validKeyName follows the API's pattern.
func validKeyName(name string) bool {
	if name == "" || len(name) > wire.MaxText || strings.ContainsAny(name[:1], "._-") {
		return false
	}
	return wire.Alphanumeric(name, "._-")
}

func (s *sshKeys) register(r *request) (any, error) {
	f := r.fields()
	f.Require("name", "public-key")
	var k sshKey
	f.Text("name", &k.name, 1, wire.MaxText)
	f.Text("public-key", &k.public, 1, maxBody)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if !validKeyName(k.name) {
		return nil, wire.Invalid("bad request: name must consist of letters, digits, '.', '_' and '-'")
	}
	if err := s.unique(r.zone, k.name, nil); err != nil {
		return nil, err
	}
	var err error
	if k.fingerprint, err = fingerprint(k.public); err != nil {
		return nil, err
	}
	return s.world.SetAtOnce(r.operationID, func() { s.Add(k.name, &k) }), nil
}

func (s *sshKeys) delete(r *request) (any, error) {
	k, err := s.named(r)
	if err != nil {
		return nil, err
	}
	return s.world.SetAtOnce(r.operationID, func() { s.Remove(k.name) }), nil
}
