package auth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/internal/auth"
)

const secret = "s3cret"

// ask sends a request with a token from an address and returns the status.
func ask(g *auth.Guard, from, token string) int {
	return verdict(g, from, token).Code
}

func verdict(g *auth.Guard, from, token string) auth.Verdict {
	r := httptest.NewRequest(http.MethodPost, "/up", nil)
	r.RemoteAddr = from
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return g.Check(r)
}

// exhaust sends wrong secrets until the source reaches its limit.
func exhaust(t *testing.T, g *auth.Guard, from string) {
	t.Helper()
	for i := range 10 {
		assert.Equal(t, http.StatusUnauthorized, ask(g, from, "wrong"), "%s, %d", from, i)
	}
	assert.Equal(t, http.StatusTooManyRequests, ask(g, from, "wrong"), from)
}

func TestWithoutSecretEveryRequestIsAdmitted(t *testing.T) {
	t.Parallel()
	g := auth.New("")
	for range 100 {
		assert.True(t, verdict(g, "192.0.2.1:1", "x").OK())
	}
}

func TestWrongSecretsAreLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := auth.New(secret)
		exhaust(t, g, "192.0.2.1:1")
		time.Sleep(4 * time.Second)
		v := verdict(g, "192.0.2.1:1", secret)
		assert.Equal(t, http.StatusTooManyRequests, v.Code, "it is not checked")
		assert.Equal(t, 6*time.Second, v.RetryAfter.Round(time.Millisecond))
		header := http.Header{}
		v.SetHeader(header, "r")
		assert.Equal(t, http.Header{"Retry-After": {"6"}}, header)

		time.Sleep(6 * time.Second)
		assert.Equal(t, http.StatusUnauthorized, ask(g, "192.0.2.1:1", "wrong"), "one more")
		assert.Equal(t, http.StatusTooManyRequests, ask(g, "192.0.2.1:1", "wrong"))
		time.Sleep(10 * time.Second)
		assert.Equal(t, http.StatusOK, ask(g, "192.0.2.1:1", secret))
		time.Sleep(2 * time.Minute)
		exhaust(t, g, "192.0.2.1:1")
	})
}

func TestARequestWithoutSecretIsNoGuess(t *testing.T) {
	t.Parallel()
	g := auth.New(secret)
	for range 100 {
		assert.Equal(t, http.StatusUnauthorized, ask(g, "192.0.2.1:1", ""))
	}
	assert.Equal(t, http.StatusOK, ask(g, "192.0.2.1:1", secret))
}

func TestSourcesAreAddressesAndNetworks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule        string
		used, other string
		same        bool
	}{
		{"another port", "192.0.2.1:1", "192.0.2.1:2", true},
		{"another address", "192.0.2.1:1", "192.0.2.2:1", false},
		{"IPv4 in IPv6", "192.0.2.1:1", "[::ffff:192.0.2.1]:2", true},
		{"another IPv4 in IPv6", "[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.2]:1", false},
		{"the same network", "[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff::9]:1", true},
		{"another network", "[2001:db8:1:2::1]:1", "[2001:db8:1:3::1]:1", false},
		{"another zone", "[fe80::1%eth0]:1", "[fe80::1%eth1]:1", true},
		{"no addresses", "@", "", true},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := auth.New(secret)
				exhaust(t, g, tt.used)
				want := http.StatusUnauthorized
				if tt.same {
					want = http.StatusTooManyRequests
				}
				assert.Equal(t, want, ask(g, tt.other, "wrong"))
			})
		})
	}
}

func TestALegitimateSenderIsNotLockedOutByItsNeighbour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := auth.New(secret)
		for _, loopback := range []string{"127.0.0.1:1", "[::1]:1", "127.77.0.3:5"} {
			exhaust(t, g, loopback)
			assert.Equal(t, http.StatusOK, ask(g, loopback, secret), "all programs share %s", loopback)
			assert.Equal(t, http.StatusTooManyRequests, ask(g, loopback, "wrong"))
		}

		const shared = "192.0.2.1:1"
		assert.Equal(t, http.StatusOK, ask(g, shared, secret))
		exhaust(t, g, shared)
		assert.Equal(t, http.StatusOK, ask(g, shared, secret), "it has had the secret before")
		time.Sleep(25 * time.Hour)
		exhaust(t, g, shared)
		assert.Equal(t, http.StatusTooManyRequests, ask(g, shared, secret), "more than a day ago")
	})
}

// address returns one of 65,536 addresses.
func address(i int) string { return fmt.Sprintf("10.0.%d.%d:1", i>>8, i&255) }

func TestManySourcesShareOneLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := auth.New(secret)
		right := "192.0.2.1:1"
		assert.Equal(t, http.StatusOK, ask(g, right, secret))
		for i := range 4096 {
			assert.Equal(t, http.StatusUnauthorized, ask(g, address(i), "wrong"))
		}
		refused := 0
		for i := 4096; i < 60_000; i++ {
			if ask(g, address(i), "wrong") == http.StatusUnauthorized {
				refused++
			}
		}
		assert.Equal(t, 10, refused, "one allowance for all that have no place of their own")
		assert.Equal(t, http.StatusOK, ask(g, right, secret))

		time.Sleep(10 * time.Second) // those with one failure are as good as new
		for i := 4096; i < 4196; i++ {
			assert.Equal(t, http.StatusUnauthorized, ask(g, address(i), "wrong"))
		}
	})
}

func TestNewestProofsAreKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := auth.New(secret)
		for i := range 257 {
			assert.Equal(t, http.StatusOK, ask(g, address(i), secret))
			time.Sleep(time.Second)
		}
		for i, want := range map[int]int{0: http.StatusTooManyRequests, 1: http.StatusOK, 256: http.StatusOK} {
			exhaust(t, g, address(i))
			assert.Equal(t, want, ask(g, address(i), secret), i)
		}
	})
}

func TestGuessesAtOnceAreBoundedAsOneByOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // no time passes
		g := auth.New(secret)
		var checked atomic.Int32
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				if ask(g, "192.0.2.1:1", "wrong") == http.StatusUnauthorized {
					checked.Add(1)
				}
			})
		}
		all.Wait()
		assert.Equal(t, int32(10), checked.Load())
	})
}

// BenchmarkGuess measures a wrong secret that is checked, and one that is not.
func BenchmarkGuess(b *testing.B) {
	for name, from := range map[string]string{"checked": "127.0.0.1:1", "limited": "192.0.2.1:1"} {
		b.Run(name, func(b *testing.B) {
			g := auth.New(secret)
			r := httptest.NewRequest(http.MethodPost, "/up?token=wrong", nil)
			r.RemoteAddr = from
			b.ReportAllocs()
			for b.Loop() {
				g.Check(r)
			}
		})
	}
}
