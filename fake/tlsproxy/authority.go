package tlsproxy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// validity is how long certificates last: longer than any proxy runs.
const validity = 365 * 24 * time.Hour

// maxLeaves bounds the certificates that are kept.
const maxLeaves = 256

// An Authority signs certificates for the hosts of some domains and below. Its
// keys exist in memory only.
type Authority struct {
	domains []string // sorted

	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	host *ecdsa.PrivateKey // of all hosts

	mu     sync.Mutex
	leaves map[string]*tls.Certificate
}

// NewAuthority makes an authority for domains, such as exoscale.com. Each one
// has keys of its own.
func NewAuthority(domains ...string) (*Authority, error) {
	domains, err := sorted(domains)
	if err != nil {
		return nil, fmt.Errorf("make a certificate authority: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a certificate authority: %w", err)
	}
	host, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a certificate authority: %w", err)
	}
	everywhere := []*net.IPNet{
		{IP: net.IPv4zero, Mask: net.CIDRMask(0, 32)}, {IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)},
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "Authority for " + subject(domains) + " on this host only"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(validity),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
		// Even its key is of no use for another domain.
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         domains,
		ExcludedIPRanges:            everywhere,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("make a certificate authority: %w", err)
	}
	return &Authority{domains: domains, cert: cert, key: key, host: host, leaves: map[string]*tls.Certificate{}}, nil
}

// sorted returns domains in order, if they are well written.
func sorted(domains []string) ([]string, error) {
	if len(domains) == 0 {
		return nil, errors.New("want a domain")
	}
	for _, domain := range domains {
		if domain == "" || domain != normal(domain) {
			return nil, fmt.Errorf("domain %q: want a domain in lower case", domain)
		}
	}
	return slices.Sorted(slices.Values(domains)), nil
}

// subject names the domains of a certificate, in the 64 letters that a name may have.
func subject(domains []string) string {
	if len(domains) == 1 {
		return domains[0]
	}
	return fmt.Sprintf("%d domains", len(domains))
}

// PEM returns the authority's certificate: whoever trusts it, trusts the
// domains' hosts here.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// leaf returns the certificate of a host.
func (a *Authority) leaf(host string) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if leaf, ok := a.leaves[host]; ok {
		return leaf, nil
	}
	template := &x509.Certificate{
		DNSNames:    []string{host},
		NotBefore:   a.cert.NotBefore,
		NotAfter:    a.cert.NotAfter,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, a.host.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate for %s: %w", host, err)
	}
	if len(a.leaves) >= maxLeaves {
		clear(a.leaves)
	}
	leaf := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.host}
	a.leaves[host] = leaf
	return leaf, nil
}
