package cloudtest

import (
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Certificate writes a certificate for 127.0.0.1 and its key to files, and
// returns what a client has to trust.
func Certificate(tb testing.TB) (cert, key string, trust *x509.CertPool) {
	tb.Helper()
	server := httptest.NewTLSServer(nil) // has one
	defer server.Close()
	pair := server.TLS.Certificates[0]
	pkcs8, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(tb, err)
	dir := tb.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(tb, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), 0o600))
	require.NoError(tb, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o600))
	trust = x509.NewCertPool()
	trust.AddCert(server.Certificate())
	return cert, key, trust
}
