package exoapi

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
)

// sksSettings are what a user may change of a cluster.
type sksSettings struct {
	name, description string
	labels            map[string]string
	autoUpgrade       bool
	operatorsCA       bool
	addons            []string
	featureGates      []string
	oidc              *sksOIDC
	audit             *sksAudit
}

// An sksOIDC says who may log on to a cluster.
type sksOIDC struct {
	ClientID       string            `json:"client-id"`
	IssuerURL      string            `json:"issuer-url"`
	UsernameClaim  string            `json:"username-claim,omitempty"`
	UsernamePrefix string            `json:"username-prefix,omitempty"`
	GroupsClaim    string            `json:"groups-claim,omitempty"`
	GroupsPrefix   string            `json:"groups-prefix,omitempty"`
	RequiredClaim  map[string]string `json:"required-claim,omitempty"`
}

// An sksAudit says where a cluster's audit log goes. The token for it is not
// kept, as nothing is sent.
type sksAudit struct {
	Endpoint       string `json:"endpoint,omitempty"`
	Enabled        bool   `json:"enabled"`
	InitialBackoff string `json:"initial-backoff"`
}

func (v *sksSettings) readNew(f *wire.Fields) {
	v.read(f)
	if o := f.Object("audit"); o != nil {
		o.Require("endpoint", "bearer-token")
		v.audit = readSKSAudit(o, sksAudit{Enabled: true, InitialBackoff: "10s"})
	}
}

// readChanges reads what may be changed or cleared later.
func (v *sksSettings) readChanges(f *wire.Fields) {
	if f.Clears("oidc") {
		v.oidc = nil
	}
	if f.Clears("feature-gates") {
		v.featureGates = nil
	}
	f.Boolean("enable-operators-ca", &v.operatorsCA)
	v.read(f)
	if o := f.Object("audit"); o != nil {
		before := sksAudit{InitialBackoff: "10s"}
		if v.audit != nil {
			before = *v.audit
		}
		v.audit = readSKSAudit(o, before)
	}
}

func (v *sksSettings) read(f *wire.Fields) {
	if f.Clears("description") {
		v.description = ""
	}
	f.Text("name", &v.name, 1, wire.MaxText)
	f.Text("description", &v.description, 0, wire.MaxText)
	f.Labels(&v.labels)
	f.Boolean("auto-upgrade", &v.autoUpgrade)
	readWords(f, "addons", &v.addons, "exoscale-cloud-controller", "exoscale-container-storage-interface", "metrics-server", "karpenter")
	readWords(f, "feature-gates", &v.featureGates)
	if o := f.Object("oidc"); o != nil {
		v.oidc = readSKSOIDC(o)
	}
}

// readWords reads a set of words, which may be any if none are allowed in
// particular.
func readWords(f *wire.Fields, key string, to *[]string, allowed ...string) {
	var words []string
	if f.Texts(key, &words); words == nil {
		return
	}
	for i, w := range words {
		switch {
		case slices.Contains(words[:i], w):
			f.Reject("%s names %s twice", key, w)
		case len(allowed) > 0 && !slices.Contains(allowed, w):
			f.Reject("%s must be of %s", key, strings.Join(allowed, ", "))
		}
	}
	*to = words
}

func readSKSOIDC(f *wire.Fields) *sksOIDC {
	f.Require("client-id", "issuer-url")
	v := &sksOIDC{}
	f.Text("client-id", &v.ClientID, 1, wire.MaxText)
	f.Text("issuer-url", &v.IssuerURL, 1, wire.MaxText)
	f.Text("username-claim", &v.UsernameClaim, 1, wire.MaxText)
	f.Text("username-prefix", &v.UsernamePrefix, 1, wire.MaxText)
	f.Text("groups-claim", &v.GroupsClaim, 1, wire.MaxText)
	f.Text("groups-prefix", &v.GroupsPrefix, 1, wire.MaxText)
	if o := f.Object("required-claim"); o != nil {
		v.RequiredClaim = map[string]string{}
		for _, name := range o.Keys() {
			var value string
			o.Text(name, &value, 0, wire.MaxText)
			v.RequiredClaim[name] = value
		}
	}
	return v
}

func readSKSAudit(f *wire.Fields, v sksAudit) *sksAudit {
	const longest = 2000
	f.Text("endpoint", &v.Endpoint, 1, longest)
	f.Text("bearer-token", new(string), 1, longest)
	f.Text("initial-backoff", &v.InitialBackoff, 1, 10)
	f.Boolean("enabled", &v.Enabled)
	if v.Enabled && v.Endpoint == "" {
		f.Reject("%sendpoint is required", f.Path)
	}
	return &v
}

// readSKSNetworking checks the addresses of pods and services, which nothing
// uses and no answer shows.
func readSKSNetworking(f *wire.Fields) {
	o := f.Object("networking")
	if o == nil {
		return
	}
	for _, key := range []string{"cluster-cidr", "service-cluster-ip-range"} {
		var text string
		o.Text(key, &text, 1, wire.MaxText)
		if text == "" {
			continue
		}
		ranges := strings.Split(text, ",")
		for _, r := range ranges {
			if _, err := netip.ParsePrefix(r); err != nil || len(ranges) > 2 {
				o.Reject("%s%s must be one or two address ranges in CIDR notation", o.Path, key)
			}
		}
	}
	o.Integer("node-cidr-mask-size-ipv4", new(int), 1, 32)
	o.Integer("node-cidr-mask-size-ipv6", new(int), 1, 128)
}
