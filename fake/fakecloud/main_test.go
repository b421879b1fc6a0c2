package fakecloud_test

import (
	"bytes"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/process/member"
)

func TestMain(m *testing.M) {
	if code, ok := member.Run(os.Args); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// A logBuffer collects what is logged.
type logBuffer struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{} // gets a token with every line
}

func newLogBuffer() *logBuffer { return &logBuffer{written: make(chan struct{}, 1)} }

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.written <- struct{}{}:
	default:
	}
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// await waits until the text has been logged.
func (b *logBuffer) await(t *testing.T, text string) {
	t.Helper()
	limit := time.After(time.Minute)
	for !bytes.Contains([]byte(b.String()), []byte(text)) {
		select {
		case <-b.written:
		case <-limit:
			require.Contains(t, b.String(), text)
		}
	}
}

// start starts a cloud that ends with the test, and returns what it logs at
// level warn and above.
func start(t *testing.T, cfg fakecloud.Config) (*fakecloud.Cloud, *logBuffer) {
	t.Helper()
	log := newLogBuffer()
	cfg.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	cloud, err := fakecloud.Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cloud.Close()) })
	return cloud, log
}

// startOnPaper starts a cloud whose machines exist on paper, as fast as can be.
func startOnPaper(t *testing.T) (*fakecloud.Cloud, *logBuffer) {
	t.Helper()
	return start(t, fakecloud.Config{Speed: 1e6})
}
