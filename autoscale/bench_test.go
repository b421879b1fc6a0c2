package autoscale_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
)

// discard is a response writer that costs nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

// BenchmarkWebhook measures one webhook with a body as Grafana sends it.
func BenchmarkWebhook(b *testing.B) {
	body, err := os.ReadFile("internal/webhook/testdata/payloads/grafana10-firing-up.json")
	require.NoError(b, err)
	bench := func(b *testing.B, cfg autoscale.Config, body []byte) {
		b.Helper()
		cfg.Pool = &hooks{}
		loop, err := autoscale.New(cfg)
		require.NoError(b, err)
		h := autoscale.NewHandler(loop, autoscale.HandlerConfig{Token: "secret"})
		w := discard{header: http.Header{}}
		b.ReportAllocs()
		for b.Loop() {
			r := httptest.NewRequest(http.MethodPost, "/up", bytes.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer secret")
			h.ServeHTTP(w, r)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "webhooks/s")
	}
	b.Run("memory", func(b *testing.B) { bench(b, autoscale.Config{}, body) })
	b.Run("memory, empty body", func(b *testing.B) { bench(b, autoscale.Config{}, nil) })
	b.Run("state directory", func(b *testing.B) {
		bench(b, autoscale.Config{StateDir: b.TempDir()}, body)
	})
}

// BenchmarkRecordDurable measures a webhook that has to reach the disk, the
// worst case: the first of its direction since the last turn.
func BenchmarkRecordDurable(b *testing.B) {
	loop := atMaximum(b)
	for b.Loop() {
		loop.Record(b.Context(), autoscale.Up)
		b.StopTimer()
		loop.RunOnce(b.Context()) // held at the maximum, which settles it
		b.StartTimer()
	}
}

// BenchmarkTurn measures a turn that resizes nothing.
func BenchmarkTurn(b *testing.B) {
	loop := atMaximum(b)
	b.ReportAllocs()
	for b.Loop() {
		loop.RunOnce(b.Context())
	}
}

// atMaximum returns a loop whose pool is at its maximum.
func atMaximum(b *testing.B) *autoscale.Loop {
	b.Helper()
	loop, err := autoscale.New(autoscale.Config{
		Pool: fake.NewPool("web", 3, nil), Max: 3, StateDir: b.TempDir(),
	})
	require.NoError(b, err)
	return loop
}
