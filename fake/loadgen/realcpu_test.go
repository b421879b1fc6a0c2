package loadgen_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/loadgen"
)

func realCPU(t *testing.T, duration time.Duration) *loadgen.RealCPU {
	t.Helper()
	cpu, err := loadgen.NewRealCPU(duration)
	require.NoError(t, err)
	return cpu
}

func TestRealCPURequestTakesItsDurationAlsoWhenShared(t *testing.T) {
	cpu := realCPU(t, 50*time.Millisecond)
	goroutines := runtime.NumGoroutine()
	begin := time.Now()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { assert.NoError(t, cpu.Burn(t.Context())) })
	}
	wg.Wait()
	took := time.Since(begin)
	assert.GreaterOrEqual(t, took, 50*time.Millisecond)
	assert.Less(t, took, 20*50*time.Millisecond, "requests at the same time share the CPUs")
	assert.LessOrEqual(t, runtime.NumGoroutine(), goroutines, "nothing burns when no request is left")
}

func TestRealCPUStopsWhenTheClientIsGone(t *testing.T) {
	cpu := realCPU(t, time.Hour)
	goroutines := runtime.NumGoroutine()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, cpu.Burn(ctx), context.DeadlineExceeded)
	assert.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
}

func TestHealthAnswersAtOnceWhileEveryCPUBurns(t *testing.T) {
	cpu := realCPU(t, time.Hour)
	server := httptest.NewServer(loadgen.NewHandler(cpu))
	defer server.Close()
	ctx, leave := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() { assert.ErrorIs(t, cpu.Burn(ctx), context.Canceled) })
	}
	for range 5 {
		begin := time.Now()
		resp, err := server.Client().Get(server.URL + "/health")
		if assert.NoError(t, err) {
			resp.Body.Close()
			assert.Equal(t, http.StatusOK, resp.StatusCode)
			assert.Less(t, time.Since(begin), time.Second)
		}
	}
	leave()
	wg.Wait()
}

func TestRealCPUDurationIsChecked(t *testing.T) {
	_, err := loadgen.NewRealCPU(0)
	assert.ErrorContains(t, err, "load duration")
}
