package tlsproxy_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/tlsproxy"
)

func TestOnlyWhoTrustsTheAuthorityIsAnswered(t *testing.T) {
	t.Parallel()
	log := new(buffer)
	_, address := newProxy(t, tlsproxy.Config{Logger: slog.New(slog.NewTextHandler(log, nil))})
	another, _ := newProxy(t, tlsproxy.Config{})

	_, _, err := fetch(t, clientOf(t, another, address), "https://api-at-vie-1.exoscale.com/")

	unknown := new(x509.UnknownAuthorityError)
	require.ErrorAs(t, err, unknown)
	require.Eventually(t, func() bool { return bytes.Contains(log.bytes(), []byte("bad certificate")) }, 10*time.Second, time.Millisecond,
		"the log says why")
}

// A buffer is a log that one goroutine writes and another reads.
type buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *buffer) bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.buf.Bytes())
}

func first(t *testing.T, bundle []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(bundle)
	require.NotNil(t, block)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return cert
}

func TestTheAuthorityIsForItsDomainOnly(t *testing.T) {
	t.Parallel()
	p, _ := newProxy(t, tlsproxy.Config{})
	cert := first(t, p.Bundle(""))
	assert.True(t, cert.IsCA)
	assert.True(t, cert.PermittedDNSDomainsCritical)
	assert.Equal(t, []string{domain}, cert.PermittedDNSDomains)
	assert.Len(t, cert.ExcludedIPRanges, 2, "no address either")
	assert.True(t, cert.MaxPathLenZero, "nor another authority")
}

func TestEachProxyHasAnAuthorityOfItsOwn(t *testing.T) {
	t.Parallel()
	one, _ := newProxy(t, tlsproxy.Config{})
	two, _ := newProxy(t, tlsproxy.Config{})
	assert.NotEqual(t, first(t, one.Bundle("")).PublicKey, first(t, two.Bundle("")).PublicKey)
}

func TestTheBundleKeepsWhatWasTrusted(t *testing.T) {
	t.Parallel()
	p, address := newProxy(t, tlsproxy.Config{})
	target := elsewhere(t)
	present := filepath.Join(t.TempDir(), "present.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: target.Certificate().Raw})
	require.NoError(t, os.WriteFile(present, text, 0o600))

	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(p.Bundle(present)))
	client := clientOf(t, p, address)
	transport, ok := client.Transport.(*http.Transport)
	require.True(t, ok)
	transport.TLSClientConfig.RootCAs = roots

	for _, address := range []string{target.URL, "https://api-at-vie-1.exoscale.com/"} {
		_, _, err := fetch(t, client, address)
		assert.NoError(t, err, address)
	}
	assert.Equal(t, p.Bundle(""), p.Bundle(filepath.Join(t.TempDir(), "gone")), "a file that is gone counts as none")
}

func TestManyHostsAtOnce(t *testing.T) {
	t.Parallel()
	p, address := newProxy(t, tlsproxy.Config{})
	client := clientOf(t, p, address)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			host := "h" + string(rune('a'+i%10)) + ".exoscale.com"
			_, body, err := fetch(t, client, "https://"+host+"/")
			assert.NoError(t, err)
			assert.Equal(t, "GET "+host+" /", body)
		})
	}
	all.Wait()
	client.CloseIdleConnections()
	require.NoError(t, p.Close(context.WithoutCancel(t.Context())), "closing twice is fine")
}
