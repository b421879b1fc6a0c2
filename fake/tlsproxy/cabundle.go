package tlsproxy

import (
	"bytes"
	"os"
)

// Bundle returns the certificates, in PEM, that a program behind the proxy
// trusts: the proxy's authority and those the program trusted before, because
// SSL_CERT_FILE replaces the system's. The latter are read from present, the
// program's former SSL_CERT_FILE, or from the system's bundle if present is
// empty or cannot be read. Without either the authority stands alone.
func (p *Proxy) Bundle(present string) []byte {
	bundle := p.authority.PEM()
	for _, name := range append([]string{present}, systemBundles()...) {
		if name == "" {
			continue
		}
		if trusted, err := os.ReadFile(name); err == nil { //nolint:gosec // named by the user or by us
			bundle = append(bundle, bytes.TrimLeft(trusted, "\n")...)
			break
		}
	}
	return bundle
}

// systemBundles are the places where crypto/x509 looks on Linux and the BSDs.
func systemBundles() []string {
	return []string{
		"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Gentoo
		"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL 6
		"/etc/ssl/ca-bundle.pem",                            // openSUSE
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL 7 and later
		"/etc/ssl/cert.pem",                                 // Alpine, OpenBSD
		"/usr/local/etc/ssl/cert.pem",                       // FreeBSD
	}
}
