package exoapi

import (
	"crypto/md5" //nolint:gosec // The API's fingerprints are MD5; nothing relies on them.
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
)

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

// fingerprint hashes a key given in the format of authorized_keys.
func fingerprint(public string) (string, error) {
	parts := strings.Fields(public)
	if len(parts) < 2 {
		return "", invalid("bad request: public-key is not in the format of authorized_keys")
	}
	blob, err := base64.StdEncoding.DecodeString(parts[1])
	// The blob starts with the length and the name of the algorithm.
	if err != nil || len(blob) < 4 || uint64(len(blob)) < 4+uint64(binary.BigEndian.Uint32(blob)) ||
		string(blob[4:4+binary.BigEndian.Uint32(blob)]) != parts[0] {
		return "", invalid("bad request: public-key is not in the format of authorized_keys")
	}
	sum := md5.Sum(blob) //nolint:gosec // See above.
	return strings.ReplaceAll(fmt.Sprintf("% x", sum), " ", ":"), nil
}

// validKeyName follows the API's pattern.
func validKeyName(name string) bool {
	if name == "" || len(name) > 255 || strings.ContainsAny(name[:1], "._-") {
		return false
	}
	return strings.Trim(name, alphanumeric+"._-") == ""
}

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// registerSSHKey adds the key before it answers: clients read it at once,
// without waiting for the operation.
func registerSSHKey(r *request) (any, error) {
	f := r.fields()
	f.require("name", "public-key")
	var k sshKey
	f.text("name", &k.name, 1, 255)
	f.text("public-key", &k.public, 1, maxBody)
	if err := f.problem(); err != nil {
		return nil, err
	}
	if !validKeyName(k.name) {
		return nil, invalid("bad request: name must consist of letters, digits, '.', '_' and '-'")
	}
	if r.world.keys.get(k.name) != nil {
		return nil, conflict("SSH key %s already exists", k.name)
	}
	var err error
	if k.fingerprint, err = fingerprint(k.public); err != nil {
		return nil, err
	}
	return r.set("ssh-key", k.name, func() { r.world.keys.add(k.name, &k) })
}

func listSSHKeys(r *request) (any, error) {
	var views []sshKeyView
	for k := range r.world.keys.all() {
		views = append(views, k.view())
	}
	return list("ssh-keys", views), nil
}

func (r *request) sshKey() (*sshKey, error) {
	name := r.params["name"]
	if k := r.world.keys.get(name); k != nil {
		return k, nil
	}
	return nil, notFound("SSH key", name)
}

func getSSHKey(r *request) (any, error) {
	k, err := r.sshKey()
	if err != nil {
		return nil, err
	}
	return k.view(), nil
}

func deleteSSHKey(r *request) (any, error) {
	k, err := r.sshKey()
	if err != nil {
		return nil, err
	}
	return r.set("ssh-key", k.name, func() { r.world.keys.remove(k.name) })
}
