package exoapi

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// sksVersions are those of new clusters, newest first.
func sksVersions() []string { return []string{"1.36.1", "1.35.2", "1.34.5"} }

// deprecatedSKSVersions are those that clusters may no longer have.
func deprecatedSKSVersions() []string { return []string{"1.33.9"} }

func listSKSVersions(r *request) (any, error) {
	versions := sksVersions()
	switch r.query.Get("include-deprecated") {
	case "", "false":
	case "true":
		versions = append(versions, deprecatedSKSVersions()...)
	default:
		return nil, wire.Invalid("bad request: include-deprecated must be true or false")
	}
	return wire.List("sks-cluster-versions", versions), nil
}

// nodeTemplates are what nodes are made from; no list shows them. Machines of
// them are plain Ubuntu.
func nodeTemplates() []template {
	versions, variants := sksVersions(), []string{"standard", "nvidia"}
	all := make([]template, 0, len(versions)*len(variants))
	for _, version := range versions {
		for _, variant := range variants {
			name := "sks-node-" + version + "-" + variant
			all = append(all, template{
				ID: world.FixedID("template/" + name), Name: name, Description: name, Family: "sks-node", Version: version,
				Build: "2026-01-14", Maintainer: "Exoscale", DefaultUser: "ubuntu", Visibility: visibilityPublic,
				CreatedAt: "2026-01-14T10:00:00Z", Size: 10 * gib, BootMode: "legacy", Checksum: world.FixedID("checksum/" + name),
				SSHKeyEnabled: true, image: "Linux Ubuntu 24.04 LTS 64-bit",
			})
		}
	}
	return all
}

func nodeTemplateID(version, variant string) string {
	return world.FixedID("template/sks-node-" + version + "-" + variant)
}

type activeTemplateView struct {
	ActiveTemplate string `json:"active-template"`
}

func getNodeTemplate(r *request) (any, error) {
	version, variant := r.params["kube-version"], r.params["variant"]
	if variant != "standard" && variant != "nvidia" {
		return nil, wire.Invalid("bad request: variant must be standard or nvidia")
	}
	if !slices.Contains(sksVersions(), version) {
		return nil, wire.NotFound("node template of Kubernetes", version)
	}
	return activeTemplateView{nodeTemplateID(version, variant)}, nil
}

// upgrade goes to a newer patch, or to the next minor version. New nodes have
// the new version; the others stay until they are evicted.
func (s *sksClusters) upgrade(r *request) (any, error) {
	c, err := s.ready(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.Require("version")
	var version string
	f.OneOf("version", &version, sksVersions()...)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if step := minorOf(version) - minorOf(c.version); version == c.version || step < 0 || step > 1 {
		return nil, wire.Invalid("bad request: SKS cluster %s cannot be upgraded from %s to %s", c.id, c.version, version)
	}
	return s.pass(r, c, sksUpgrading, sksUpgradeTime, func() {
		c.version = version
		for n := range c.nodepools.All() {
			n.pool.template = s.specs.catalog.templateByID(nodeTemplateID(version, "standard"))
		}
	})
}

// minorOf returns the second number of a version; all have the same first.
func minorOf(version string) int {
	// The versions are those of sksVersions.
	minor, _ := strconv.Atoi(strings.Split(version, ".")[1])
	return minor
}

func (s *sksClusters) upgradeLevel(r *request) (any, error) {
	c, err := s.ready(r)
	if err != nil {
		return nil, err
	}
	if c.level == "pro" {
		return nil, wire.Conflict("SKS cluster %s has the level pro already", c.id)
	}
	return s.pass(r, c, sksUpdating, sksChangeTime, func() { c.level = "pro" })
}

// rotate returns the handler that renews the credentials of an addon, which
// are not there: it takes its time, and nothing changes.
func (s *sksClusters) rotate(addon, credentials string) handler {
	return func(r *request) (any, error) {
		c, err := s.ready(r)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(c.addons, addon) {
			return nil, wire.Invalid("bad request: SKS cluster %s does not have the addon %s", c.id, addon)
		}
		return s.pass(r, c, "rotating-"+credentials+"-credentials", sksChangeTime, func() {})
	}
}

func (s *sksClusters) rotateOperatorsCA(r *request) (any, error) {
	c, err := s.ready(r)
	if err != nil {
		return nil, err
	}
	return s.pass(r, c, sksUpdating, sksChangeTime, func() {})
}

// inspection answers that nothing was inspected.
func (s *sksClusters) inspection(r *request) (any, error) {
	if _, err := s.named(r); err != nil {
		return nil, err
	}
	return struct{}{}, nil
}

// deprecatedResources answers that there are none in a cluster that is empty.
func (s *sksClusters) deprecatedResources(r *request) (any, error) {
	if _, err := s.named(r); err != nil {
		return nil, err
	}
	return []struct{}{}, nil
}

type certificateView struct {
	CACert string `json:"cacert"` // PEM in base64
}

func (s *sksClusters) certificate(r *request) (any, error) {
	c, err := s.named(r)
	if err != nil {
		return nil, err
	}
	authority := r.params["authority"]
	if !slices.Contains([]string{"control-plane", "aggregation", "kubelet"}, authority) {
		return nil, wire.Invalid("bad request: authority must be one of control-plane, aggregation, kubelet")
	}
	if c.certificates[authority] == "" {
		made, err := newAuthority(authority, s.world.Now())
		if err != nil {
			return nil, err
		}
		if c.certificates == nil {
			c.certificates = map[string]string{}
		}
		c.certificates[authority] = made
	}
	return certificateView{c.certificates[authority]}, nil
}

// newAuthority makes the certificate of an authority whose key nobody has, so
// that it never signs anything.
func newAuthority(name string, from time.Time) (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", fmt.Errorf("make the key of authority %s: %w", name, err)
	}
	made := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: from.AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, made, made, key.Public(), key)
	if err != nil {
		return "", fmt.Errorf("make the certificate of authority %s: %w", name, err)
	}
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}
