package serve

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"time"
)

// reloadInterval is the time from one read of the files to the next. Reading two
// small files costs less than watching them, and also works with links and
// mounts that are replaced as a whole.
const reloadInterval = 10 * time.Second

// A Keypair is a certificate with its key, in two PEM files that may be
// replaced while it is in use.
type Keypair struct {
	certFile, keyFile string
	current           atomic.Pointer[loadedPair]
	unusable          [sha256.Size]byte // what was logged as unusable last, so that it is logged once
}

// A loadedPair is what was read from the files.
type loadedPair struct {
	tls.Certificate
	sum [sha256.Size]byte
}

// LoadKeypair reads a certificate, followed by those it depends on, and its key.
// An expired certificate is no error: senders refuse it, but the program still
// does the rest of its work.
func LoadKeypair(certFile, keyFile string) (*Keypair, error) {
	k := &Keypair{certFile: certFile, keyFile: keyFile}
	pair, err := k.read()
	if err != nil {
		return nil, err
	}
	k.current.Store(pair)
	return k, nil
}

// config accepts TLS 1.2 and later.
func (k *Keypair) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return &k.current.Load().Certificate, nil
		},
	}
}

// read returns what the files hold. With an error only the sum is set, of the
// files if both could be read.
func (k *Keypair) read() (*loadedPair, error) {
	cert, err := os.ReadFile(k.certFile)
	if err != nil {
		return &loadedPair{}, err
	}
	key, err := os.ReadFile(k.keyFile)
	if err != nil {
		return &loadedPair{}, err
	}
	pair := &loadedPair{sum: sha256.Sum256(slices.Concat(cert, []byte{0}, key))}
	pair.Certificate, err = tls.X509KeyPair(cert, key)
	if err != nil {
		return pair, fmt.Errorf("%s with key %s: %w", k.certFile, k.keyFile, err)
	}
	return pair, nil
}

// watch reloads the files until ctx ends.
func (k *Keypair) watch(ctx context.Context, logger *slog.Logger, m *keypairMetrics) {
	k.reportInUse(ctx, logger, m)
	ticker := time.NewTicker(reloadInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			k.reload(ctx, logger, m)
		}
	}
}

// reload replaces the certificate by what the files hold now, if that is new and
// can be used. A certificate outside of its period of validity cannot be, and is
// tried again later.
func (k *Keypair) reload(ctx context.Context, logger *slog.Logger, m *keypairMetrics) {
	pair, err := k.read()
	if err == nil && pair.sum == k.current.Load().sum {
		m.reloaded.Set(1)
		k.unusable = [sha256.Size]byte{}
		return
	}
	if now := time.Now(); err == nil && (now.Before(pair.Leaf.NotBefore) || now.After(pair.Leaf.NotAfter)) {
		err = fmt.Errorf("%s is valid from %s to %s only", k.certFile,
			pair.Leaf.NotBefore.Format(time.RFC3339), pair.Leaf.NotAfter.Format(time.RFC3339))
	}
	if err != nil {
		m.reloaded.Set(0)
		what := sha256.Sum256(slices.Concat(pair.sum[:], []byte(err.Error())))
		if what != k.unusable {
			k.unusable = what
			logger.LogAttrs(ctx, slog.LevelError, "new TLS certificate cannot be used, the old one stays in use", slog.Any("err", err))
		}
		return
	}
	k.current.Store(pair)
	m.reloaded.Set(1)
	k.reportInUse(ctx, logger, m)
}

// reportInUse logs which certificate is in use, and sets its metric.
func (k *Keypair) reportInUse(ctx context.Context, logger *slog.Logger, m *keypairMetrics) {
	leaf := k.current.Load().Leaf
	m.notAfter.Set(float64(leaf.NotAfter.Unix()))
	attrs := []slog.Attr{slog.String("subject", leaf.Subject.String()), slog.Time("not_after", leaf.NotAfter)}
	if time.Now().After(leaf.NotAfter) {
		logger.LogAttrs(ctx, slog.LevelWarn, "TLS certificate has expired, senders will refuse it", attrs...)
		return
	}
	logger.LogAttrs(ctx, slog.LevelInfo, "TLS certificate in use", attrs...)
}
