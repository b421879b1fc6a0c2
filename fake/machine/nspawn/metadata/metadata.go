package metadata

import (
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
)

// An Instance is what a machine is told about itself.
type Instance struct {
	ID       string // cloud-init runs user-data once for each
	Name     string
	Zone     string
	Type     string // such as micro
	Address  netip.Addr
	SSHKeys  []string // public keys, as in authorized_keys
	UserData []byte
}

// A Directory finds the instance that has an address.
type Directory func(netip.Addr) (Instance, bool)

// value is that of a key, and a line of the list of keys.
type value struct{ key, text string }

// values are in the order of their keys.
func (i Instance) values() []value {
	keys := strings.Join(i.SSHKeys, "\n")
	list := []value{
		{"availability-zone", i.Zone},
		{"instance-id", i.ID},
		{"local-hostname", i.Name},
		{"local-ipv4", i.Address.String()},
		{"public-hostname", i.Name},
		{"public-ipv4", i.Address.String()},
		{"service-offering", i.Type},
		{"vm-id", i.ID},
	}
	if keys != "" {
		list = append(list, value{"public-keys", keys})
	}
	return list
}

// Handler serves metadata and user-data.
func Handler(find Directory, logger *slog.Logger) http.Handler {
	return forInstance(find, logger, func(w http.ResponseWriter, path string, i Instance) {
		text, ok := i.lookup(path)
		if !ok {
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		_, _ = w.Write(text)
	})
}

// lookup finds what a path stands for.
func (i Instance) lookup(path string) ([]byte, bool) {
	version, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if version != "1.0" && version != "latest" {
		return nil, false
	}
	switch rest = strings.TrimSuffix(rest, "/"); rest {
	case "":
		return []byte("meta-data\nuser-data\n"), true
	case "user-data":
		return i.UserData, len(i.UserData) > 0
	case "meta-data":
		var list strings.Builder
		for _, v := range i.values() {
			list.WriteString(v.key + "\n")
		}
		return []byte(list.String()), true
	}
	key, ok := strings.CutPrefix(rest, "meta-data/")
	if !ok {
		return nil, false
	}
	for _, v := range i.values() {
		if v.key == key {
			return []byte(v.text), true
		}
	}
	return nil, false
}

// Passwords serves what cloud-init asks for the password of the default user.
// Instances have none, as all of those that were made with an SSH key.
func Passwords(find Directory, logger *slog.Logger) http.Handler {
	return forInstance(find, logger, func(w http.ResponseWriter, _ string, _ Instance) {
		// The protocol of the CloudStack password server: the request is in a
		// header, and this answer means that nothing is left to be set.
		_, _ = w.Write([]byte("saved_password"))
	})
}

func forInstance(
	find Directory, logger *slog.Logger, serve func(http.ResponseWriter, string, Instance),
) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			http.Error(w, "unknown address", http.StatusNotFound)
			return
		}
		instance, ok := find(from.Addr().Unmap())
		if !ok {
			logger.Warn("metadata asked for by an address that no instance has", "address", from.Addr())
			http.Error(w, "no instance has this address", http.StatusNotFound)
			return
		}
		logger.Debug("metadata", "instance", instance.ID, "path", r.URL.Path)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		serve(w, r.URL.Path, instance)
	})
}
