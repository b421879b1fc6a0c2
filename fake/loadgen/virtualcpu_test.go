package loadgen_test

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/loadgen"
)

func virtual(tb testing.TB, share float64, work time.Duration) *loadgen.VirtualCPU {
	tb.Helper()
	cpu, err := loadgen.NewVirtualCPU(share, work)
	require.NoError(tb, err)
	return cpu
}

func TestVirtualCPURequestTakesWorkDividedByShare(t *testing.T) {
	for _, c := range []struct {
		share      float64
		work, want time.Duration
	}{
		{1, 50 * time.Millisecond, 50 * time.Millisecond},
		{0.5, 50 * time.Millisecond, 100 * time.Millisecond},
		{0.25, time.Second, 4 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			cpu := virtual(t, c.share, c.work)
			begin := time.Now()
			require.NoError(t, cpu.Burn(t.Context()))
			assert.Equal(t, c.want, time.Since(begin))
			assert.Equal(t, c.want, cpu.Busy())
		})
	}
}

func TestVirtualCPUServesInOrderOfArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cpu := virtual(t, 0.5, 50*time.Millisecond)
		begin := time.Now()
		var wg sync.WaitGroup
		var finished [10]time.Duration
		for i := range finished {
			wg.Go(func() {
				assert.NoError(t, cpu.Burn(t.Context()))
				finished[i] = time.Since(begin)
			})
			synctest.Wait() // the i-th is in the queue before the next one
		}
		wg.Wait()
		for i, at := range finished {
			assert.Equal(t, time.Duration(i+1)*100*time.Millisecond, at, "request %d", i)
		}
	})
}

func TestVirtualCPUBusyCountsServiceAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cpu := virtual(t, 1, 100*time.Millisecond)
		time.Sleep(time.Second)
		assert.Zero(t, cpu.Busy(), "idle")

		done := make(chan error, 1)
		go func() { done <- cpu.Burn(t.Context()) }()
		synctest.Wait()
		time.Sleep(30 * time.Millisecond)
		assert.Equal(t, 30*time.Millisecond, cpu.Busy(), "the running slice counts up to now")
		require.NoError(t, <-done)
		time.Sleep(time.Second)
		assert.Equal(t, 100*time.Millisecond, cpu.Busy(), "idle again")
	})
}

func TestVirtualCPUIsBusyAllTheTimeWhileRequestsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cpu := virtual(t, 0.5, 50*time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var wg sync.WaitGroup
		for range 10 { // closed loop: each sends its next request when served
			wg.Go(func() {
				for cpu.Burn(ctx) == nil {
				}
			})
		}
		wg.Wait()
		assert.Equal(t, time.Minute, cpu.Busy())
	})
}

func TestVirtualCPUSkipsARequestWhoseClientLeftTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cpu := virtual(t, 1, 100*time.Millisecond)
		begin := time.Now()
		impatient, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { assert.NoError(t, cpu.Burn(t.Context())) })
		synctest.Wait()
		wg.Go(func() { assert.ErrorIs(t, cpu.Burn(impatient), context.Canceled) })
		synctest.Wait()
		wg.Go(func() {
			assert.NoError(t, cpu.Burn(t.Context()))
			assert.Equal(t, 200*time.Millisecond, time.Since(begin), "the third takes the second's turn")
		})
		synctest.Wait()
		time.Sleep(50 * time.Millisecond)
		leave()
		wg.Wait()
		assert.Equal(t, 200*time.Millisecond, cpu.Busy())
	})
}

func TestVirtualCPUStopsServingAClientThatLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cpu := virtual(t, 1, 100*time.Millisecond)
		begin := time.Now()
		impatient, leave := context.WithTimeout(t.Context(), 40*time.Millisecond)
		defer leave()
		var wg sync.WaitGroup
		wg.Go(func() { assert.ErrorIs(t, cpu.Burn(impatient), context.DeadlineExceeded) })
		synctest.Wait()
		wg.Go(func() {
			assert.NoError(t, cpu.Burn(t.Context()))
			assert.Equal(t, 140*time.Millisecond, time.Since(begin), "served from the instant the first left")
		})
		wg.Wait()
		assert.Equal(t, 140*time.Millisecond, cpu.Busy())
	})
}

func TestVirtualCPURefusesARequestWhoseClientIsGone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cpu := virtual(t, 1, time.Hour)
	require.ErrorIs(t, cpu.Burn(ctx), context.Canceled)
	assert.Zero(t, cpu.Busy())
}

// Whatever clients do, the CPU is busy exactly while one of them waits for it.
func TestVirtualCPUIsBusyExactlyWhileRequestsArePresent(t *testing.T) {
	for seed := range uint64(25) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			cpu := virtual(t, 0.8, 40*time.Millisecond) // 50 ms each
			var present atomic.Int64
			var wg sync.WaitGroup
			var want time.Duration
			// All happens on whole milliseconds, so each of them is either
			// busy or not.
			for range 5000 {
				if random.IntN(60) == 0 {
					timeout := time.Duration(1+random.IntN(200)) * time.Millisecond
					present.Add(1)
					wg.Go(func() {
						defer present.Add(-1)
						ctx, leave := context.WithTimeout(t.Context(), timeout)
						defer leave()
						_ = cpu.Burn(ctx)
					})
				}
				synctest.Wait()
				if present.Load() > 0 {
					want += time.Millisecond
				}
				time.Sleep(time.Millisecond)
				require.Equal(t, want, cpu.Busy(), "seed %d", seed)
			}
			wg.Wait()
		})
	}
}

func TestVirtualCPUSettingsAreChecked(t *testing.T) {
	for _, share := range []float64{0, -1, 1.01, math.NaN(), math.Inf(1)} {
		_, err := loadgen.NewVirtualCPU(share, time.Second)
		assert.ErrorContains(t, err, "CPU share", "%v", share)
	}
	_, err := loadgen.NewVirtualCPU(1, 0)
	assert.ErrorContains(t, err, "CPU time per request")
}

func BenchmarkVirtualCPURequest(b *testing.B) {
	cpu := virtual(b, 1, time.Nanosecond)
	b.ReportAllocs()
	for b.Loop() {
		if err := cpu.Burn(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
