package balancer_test

import (
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/balancer"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// A record keeps what is logged.
type record struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

func TestWarningsAreAboutFailuresNotAboutMachinesThatAreOff(t *testing.T) {
	warnings := new(record)
	logger := slog.New(slog.NewTextHandler(warnings, &slog.HandlerOptions{Level: slog.LevelWarn}))
	lb := newSet(t, balancer.Config{Logger: logger, Speed: 1000})
	list := newBackends(t, lb, 2)
	lb.PowerOff("id-0")
	list[0].server.Close()
	require.NoError(t, lb.Balance(spec(lb, list...)))
	awaitHealth(t, lb, driverapi.HealthFailure, list[0])
	awaitHealth(t, lb, driverapi.HealthSuccess, list[1])
	assert.Empty(t, warnings.String())

	list[1].sick.Store(true)
	awaitHealth(t, lb, driverapi.HealthFailure, list[1])
	assert.Contains(t, warnings.String(), list[1].address.String())
	assert.NotContains(t, warnings.String(), list[0].address.String())
}
