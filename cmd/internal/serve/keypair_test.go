package serve_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/serve"
)

// files are the paths of certificate and key.
type files struct {
	*testing.T
	cert, key string
}

func newFiles(t *testing.T) files {
	t.Helper()
	dir := t.TempDir()
	return files{t, filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
}

func (f files) write(cert, key []byte) {
	f.Helper()
	require.NoError(f, os.WriteFile(f.cert, cert, 0o600))
	require.NoError(f, os.WriteFile(f.key, key, 0o600))
}

// pair makes a certificate that is valid from a time on, for some time.
func pair(t *testing.T, serial int64, from time.Time, lasts time.Duration) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "autoscaler.example"},
		DNSNames: []string{"autoscaler.example"}, NotBefore: from, NotAfter: from.Add(lasts),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// encrypted serves over TLS, in a bubble, with a certificate of serial 1 that
// is valid for 90 days.
func encrypted(t *testing.T, test func(service, files)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newFiles(t)
		f.write(pair(t, 1, time.Now(), 90*24*time.Hour))
		keypair, err := serve.LoadKeypair(f.cert, f.key)
		require.NoError(t, err)
		run(t, serve.Config{Handler: http.HandlerFunc(hello), Keypair: keypair}, func(s service) { test(s, f) })
	})
}

// handshake opens an encrypted connection.
func (s service) handshake(change func(*tls.Config)) (*tls.Conn, error) {
	s.Helper()
	config := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}}
	if change != nil {
		change(config)
	}
	c := tls.Client(s.connect("192.0.2.1"), config)
	return c, c.HandshakeContext(s.Context())
}

// serial returns which certificate a new connection gets, once the files have
// been read again.
func (s service) serial() int64 {
	s.Helper()
	time.Sleep(10 * time.Second)
	synctest.Wait()
	c, err := s.handshake(nil)
	require.NoError(s, err)
	require.Equal(s, http.StatusOK, s.ask(c, plainRequest))
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestTLSIsOfVersion12AtLeast(t *testing.T) {
	t.Parallel()
	encrypted(t, func(s service, _ files) {
		for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
			_, err := s.handshake(func(c *tls.Config) { c.MinVersion, c.MaxVersion = version, version })
			require.ErrorContains(s, err, "protocol version")
		}
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			c, err := s.handshake(func(c *tls.Config) { c.MinVersion, c.MaxVersion = version, version })
			require.NoError(s, err)
			assert.Equal(s, "http/1.1", c.ConnectionState().NegotiatedProtocol)
			assert.Equal(s, http.StatusOK, s.ask(c, plainRequest))
		}
		assert.Contains(s, s.log.String(), "TLS handshake error")
	})
}

func TestPlainHTTPOnATLSPortIsAnsweredSo(t *testing.T) {
	t.Parallel()
	encrypted(t, func(s service, _ files) {
		assert.Equal(s, http.StatusBadRequest, s.ask(s.connect("192.0.2.1"), plainRequest))
		body := strings.Repeat("x", 20_000)
		assert.Equal(s, http.StatusBadRequest, s.ask(s.connect("192.0.2.1"), "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n"+body))
	})
}

func TestSlowHandshakeTimesOut(t *testing.T) {
	t.Parallel()
	encrypted(t, func(s service, _ files) {
		c, began := s.connect("192.0.2.1"), time.Now()
		_, err := io.Copy(io.Discard, c)
		require.NoError(s, err, "the server hangs up")
		assert.Equal(s, 5*time.Second, time.Since(began).Round(time.Second))
	})
}

func TestANewCertificateIsTakenWithoutARestart(t *testing.T) {
	t.Parallel()
	encrypted(t, func(s service, f files) {
		began := time.Now()
		old, err := s.handshake(nil)
		require.NoError(s, err)
		require.Equal(s, http.StatusOK, s.ask(old, plainRequest))
		assert.InDelta(s, began.Add(90*24*time.Hour).Unix(), s.metric("test_tls_certificate_not_after_timestamp_seconds"), 1)
		f.write(pair(s.T, 2, time.Now(), 180*24*time.Hour))
		assert.EqualValues(s, 2, s.serial())
		assert.InDelta(s, began.Add(180*24*time.Hour).Unix(), s.metric("test_tls_certificate_not_after_timestamp_seconds"), 1)
		assert.EqualValues(s, 1, s.metric("test_tls_last_reload_successful"))
		assert.Equal(s, http.StatusOK, s.ask(old, plainRequest), "connections go on")
		assert.Equal(s, 2, strings.Count(s.log.String(), "TLS certificate in use"))
	})
}

func TestACertificateThatCannotBeUsedLeavesTheOldOne(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	tests := map[string]func(files){
		"no file":            func(f files) { require.NoError(f, os.Remove(f.cert)) },
		"no key":             func(f files) { require.NoError(f, os.Remove(f.key)) },
		"empty files":        func(f files) { f.write(nil, nil) },
		"not PEM":            func(f files) { f.write([]byte("certificate"), []byte("key")) },
		"the key of another": func(f files) { cert, _ := pair(f.T, 2, time.Now(), day); f.write(cert, must(os.ReadFile(f.key))) },
		"exchanged": func(f files) {
			cert, key := pair(f.T, 2, time.Now(), day)
			f.write(key, cert)
		},
		"half a certificate": func(f files) {
			cert, key := pair(f.T, 2, time.Now(), day)
			f.write(cert[:len(cert)/2], key)
		},
		"expired":       func(f files) { f.write(pair(f.T, 2, time.Now().Add(-2*day), day)) },
		"not yet valid": func(f files) { f.write(pair(f.T, 2, time.Now().Add(day), day)) },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			encrypted(t, func(s service, f files) {
				cert, key := must(os.ReadFile(f.cert)), must(os.ReadFile(f.key))
				spoil(f)
				for range 5 {
					assert.EqualValues(s, 1, s.serial())
				}
				assert.Zero(s, s.metric("test_tls_last_reload_successful"))
				assert.Equal(s, 1, strings.Count(s.log.String(), "cannot be used"), "logged once")
				assert.NotContains(s, s.log.String(), "PRIVATE")

				f.write(cert, key) // back to the old one
				assert.EqualValues(s, 1, s.serial())
				assert.EqualValues(s, 1, s.metric("test_tls_last_reload_successful"))
				spoil(f)
				s.serial()
				assert.Equal(s, 2, strings.Count(s.log.String(), "cannot be used"), "logged again")
				f.write(pair(s.T, 3, time.Now(), day))
				assert.EqualValues(s, 3, s.serial())
				assert.EqualValues(s, 1, s.metric("test_tls_last_reload_successful"))
			})
		})
	}
}

func must(content []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return content
}

func TestACertificateIsTakenWhenItsTimeHasCome(t *testing.T) {
	t.Parallel()
	encrypted(t, func(s service, f files) {
		f.write(pair(s.T, 2, time.Now().Add(time.Hour), 24*time.Hour))
		assert.EqualValues(s, 1, s.serial())
		time.Sleep(time.Hour)
		assert.EqualValues(s, 2, s.serial())
	})
}

func TestKeypairThatCannotBeUsedIsAnErrorAtTheStart(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	_, err := serve.LoadKeypair(f.cert, f.key)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, f.cert)
	cert, _ := pair(t, 1, time.Now(), time.Hour)
	_, key := pair(t, 2, time.Now(), time.Hour)
	f.write(cert, key)
	_, err = serve.LoadKeypair(f.cert, f.key)
	require.ErrorContains(t, err, f.cert+" with key "+f.key)
	require.ErrorContains(t, err, "does not match")
}

func TestAnExpiredCertificateIsServedWithAWarning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFiles(t)
		f.write(pair(t, 1, time.Now().Add(-48*time.Hour), 24*time.Hour))
		keypair, err := serve.LoadKeypair(f.cert, f.key)
		require.NoError(t, err)
		run(t, serve.Config{Handler: http.HandlerFunc(hello), Keypair: keypair}, func(s service) {
			assert.EqualValues(s, 1, s.serial())
			assert.Contains(s, s.log.String(), "has expired")
		})
	})
}

// TestPlainSenderReadsWhyItIsRefused uses sockets: a server that hangs up with
// half a request unread may cut off its own answer.
func TestPlainSenderReadsWhyItIsRefused(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	f.write(pair(t, 1, time.Now(), time.Hour))
	keypair, err := serve.LoadKeypair(f.cert, f.key)
	require.NoError(t, err)
	listener, err := serve.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	go func() {
		assert.NoError(t, serve.Run(t.Context(), listener, serve.Config{
			Handler: http.HandlerFunc(hello), Logger: slog.New(slog.DiscardHandler), Keypair: keypair,
		}))
	}()
	for _, size := range []int{0, 2000, 60_000} {
		resp, err := http.Post("http://"+listener.Addr().String()+"/up", "application/json", strings.NewReader(strings.Repeat("x", size)))
		require.NoError(t, err, size)
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
		assert.Contains(t, string(text), "HTTPS")
	}
}
