package imageregistry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Config is what a [Registry] needs.
type Config struct {
	// Images are those that machines get from here. Of two with the same name,
	// the last one counts. The registry closes them.
	Images []*Image
	// Proxy returns the proxy by which real registries are reached, as for
	// [http.Transport]. By default they are reached directly.
	Proxy func(*http.Request) (*url.URL, error)
	// Upstream reaches the real registries; by default by HTTPS with short
	// timeouts.
	Upstream http.RoundTripper
	// Machine returns who asks from an address; by default, only that is known.
	Machine func(netip.Addr) Machine
	// Logger gets, at level warn, which images machines did not get. Nothing is
	// logged by default.
	Logger *slog.Logger
}

// A Machine is who asks for images.
type Machine struct{ ID, Name string }

// A Registry answers at the hosts of several registries, for machines only. Its
// methods are safe for concurrent use.
type Registry struct {
	images       []*Image
	machine      func(netip.Addr) Machine
	repositories map[string]*repository // by registry and path, such as quay.io/prometheus/node-exporter
	hosts        map[string]bool
	upstream     *upstream
	failures     failures
}

// A repository is all versions of an image.
type repository struct {
	tags      map[string]v1.Hash
	manifests map[string]manifest
	blobs     map[string]section
}

// New returns a registry that has some images.
func New(cfg Config) *Registry {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Machine == nil {
		cfg.Machine = func(a netip.Addr) Machine { return Machine{Name: a.String()} }
	}
	r := &Registry{
		images: cfg.Images, machine: cfg.Machine, repositories: map[string]*repository{}, hosts: map[string]bool{},
		failures: failures{logger: cfg.Logger},
	}
	r.upstream = newUpstream(cfg, &r.failures)
	for _, host := range known() {
		r.hosts[host] = true
	}
	for _, image := range cfg.Images {
		for _, ref := range image.refs {
			r.add(image, ref)
		}
	}
	return r
}

func (r *Registry) add(image *Image, ref name.Reference) {
	where := ref.Context()
	host := hostOf(where.RegistryStr())
	r.hosts[host] = true
	key := registryOf(host) + "/" + where.RepositoryStr()
	repo := r.repositories[key]
	if repo == nil {
		repo = &repository{map[string]v1.Hash{}, map[string]manifest{}, map[string]section{}}
		r.repositories[key] = repo
	}
	repo.tags[ref.Identifier()] = image.top
	for digest, m := range image.manifests {
		repo.manifests[digest.String()] = m
	}
	for digest, blob := range image.blobs {
		repo.blobs[digest.String()] = blob
	}
}

// Hosts returns where machines ask for images, in order: names of hosts, each
// with its port unless that is 443. Requests for them have to come here, by TLS.
func (r *Registry) Hosts() []string { return slices.Sorted(maps.Keys(r.hosts)) }

// FailedPulls returns the images that machines asked for and have not got so
// far.
func (r *Registry) FailedPulls() []FailedPull { return r.failures.list() }

// Close closes the images.
func (r *Registry) Close() error {
	r.upstream.close()
	errs := make([]error, 0, len(r.images))
	for _, image := range r.images {
		errs = append(errs, image.close())
	}
	return errors.Join(errs...)
}

// An asked is what a request is for, as far as it is about images.
type asked struct {
	machine    Machine
	host       string // with its port unless that is 443
	repository string
	kind       string // manifests or blobs; none for anything else
	identifier string
	ping       bool // whether there is a registry at all
}

// parse returns what a request is for. The host is the one that the client
// believes to talk to, the port is that of the listener.
func (r *Registry) parse(req *http.Request) asked {
	a := asked{host: strings.ToLower(req.Host)}
	if host, _, err := net.SplitHostPort(a.host); err == nil {
		a.host = host
	}
	if local, ok := req.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		if withPort := fmt.Sprintf("%s:%d", a.host, local.Port); r.hosts[withPort] {
			a.host = withPort
		}
	}
	if client, err := netip.ParseAddrPort(req.RemoteAddr); err == nil {
		a.machine = r.machine(client.Addr().Unmap())
	}
	path, ok := strings.CutPrefix(req.URL.Path, "/v2/")
	if !ok {
		return a
	}
	a.ping = path == ""
	for _, kind := range []string{"manifests", "blobs"} {
		if i := strings.LastIndex(path, "/"+kind+"/"); i > 0 {
			a.repository, a.kind, a.identifier = path[:i], kind, path[i+len(kind)+2:]
		}
	}
	return a
}

// image is the name that users know.
func (a asked) image() string { return familiar(a.host, a.repository, a.identifier) }

// ServeHTTP answers one request of a machine.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	a := r.parse(req)
	if !r.hosts[a.host] {
		http.Error(w, "no registry is served at "+a.host, http.StatusMisdirectedRequest)
		return
	}
	if (req.Method == http.MethodGet || req.Method == http.MethodHead) && r.serve(w, req, a) {
		return
	}
	r.upstream.ServeHTTP(w, req.WithContext(context.WithValue(req.Context(), askedKey{}, a)))
}

type askedKey struct{}

// serve answers from the images given, or returns false if they have no answer.
func (r *Registry) serve(w http.ResponseWriter, req *http.Request, a asked) bool {
	repo := r.repositories[registryOf(a.host)+"/"+a.repository]
	if repo == nil {
		return false
	}
	digest := a.identifier
	if top, ok := repo.tags[digest]; ok {
		digest = top.String()
	}
	var content section
	switch a.kind {
	case "manifests":
		m, ok := repo.manifests[digest]
		if !ok {
			return false
		}
		content = inMemory(m.content)
		w.Header().Set("Content-Type", string(m.kind))
		r.failures.forget(a.machine, a.image())
	case "blobs":
		blob, ok := repo.blobs[digest]
		if !ok {
			return false
		}
		content = blob
		w.Header().Set("Content-Type", "application/octet-stream")
	default:
		return false
	}
	w.Header().Set("Docker-Content-Digest", digest)
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	http.ServeContent(w, req, "", time.Time{}, content.reader())
	return true
}

func inMemory(content []byte) section { return section{bytes.NewReader(content), int64(len(content))} }
