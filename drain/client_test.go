package drain_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/drain"
)

const loopback = "127.0.0.1"

func checks(networks ...string) func(context.Context) ([]netip.Prefix, error) {
	return func(context.Context) ([]netip.Prefix, error) {
		list := make([]netip.Prefix, len(networks))
		for i, text := range networks {
			list[i] = netip.MustParsePrefix(text)
		}
		return list, nil
	}
}

// newClient returns a client of members that answer with the handler.
func newClient(t *testing.T, handler http.HandlerFunc, change ...func(*drain.Config)) *drain.Client {
	t.Helper()
	member := httptest.NewServer(handler)
	t.Cleanup(member.Close)
	at, err := url.Parse(member.URL)
	require.NoError(t, err)
	port, err := strconv.Atoi(at.Port())
	require.NoError(t, err)
	cfg := drain.Config{Checks: checks("192.0.2.0/28"), Port: port}
	for _, f := range change {
		f(&cfg)
	}
	client, err := drain.New(cfg)
	require.NoError(t, err)
	return client
}

// answer answers each request the same, and keeps what was asked last.
func answer(status int, body string, asked *string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if asked != nil {
			*asked = r.Method + " " + r.URL.String()
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestCallsAreOneRequestEach(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body  string
		call  func(context.Context, *drain.Client) (int, error)
		asked string
		open  int
	}{
		"drain": {
			`{"draining": true, "connections": 3}` + "\n",
			func(ctx context.Context, c *drain.Client) (int, error) { return c.Drain(ctx, loopback) },
			"PUT /drain?checks=192.0.2.0%2F28%2C198.51.100.7%2F32&seconds=90", 3,
		},
		"stop": {
			`{"draining": true, "connections": 1}`,
			func(ctx context.Context, c *drain.Client) (int, error) { return c.Stop(ctx, loopback) },
			"POST /stop", 1,
		},
		"resume": {
			`{"draining": false, "connections": 8, "more": "ignored"}`,
			func(ctx context.Context, c *drain.Client) (int, error) { return 0, c.Resume(ctx, loopback) },
			"DELETE /drain", 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked string
			client := newClient(t, answer(http.StatusOK, c.body, &asked), func(cfg *drain.Config) {
				cfg.Lease, cfg.Checks = 90*time.Second, checks("192.0.2.9/28", "2001:db8::/64", "198.51.100.7/32")
			})
			open, err := c.call(t.Context(), client)
			require.NoError(t, err)
			assert.Equal(t, c.open, open)
			assert.Equal(t, c.asked, asked)
		})
	}
}

func TestAnswersThatNoMemberGivesAreErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status     int
		body, want string
	}{
		"refused":              {400, `{"error": "seconds: wrong"}`, `status 400: "seconds: wrong"`},
		"another program":      {404, "<html>", "status 404"},
		"no JSON":              {200, "OK", "malformed"},
		"two values":           {200, `{"draining": true, "connections": 0} {}`, "malformed"},
		"no state":             {200, `{"connections": 0}`, "missing"},
		"no number":            {200, `{"draining": true}`, "missing"},
		"fraction":             {200, `{"draining": true, "connections": 0.5}`, "malformed"},
		"less than none":       {200, `{"draining": true, "connections": -1}`, "-1 connections"},
		"absurdly many":        {200, `{"draining": true, "connections": 2000000}`, "2000000 connections"},
		"endless":              {200, strings.Repeat(" ", 5000) + `{"draining": true, "connections": 0}`, "more than 4096 bytes"},
		"it does not obey":     {200, `{"draining": false, "connections": 0}`, "does not drain"},
		"it refuses endlessly": {500, `{"error": "` + strings.Repeat("x", 3000) + `"}`, "status 500"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newClient(t, answer(c.status, c.body, nil)).Drain(t.Context(), loopback)
			require.ErrorContains(t, err, c.want)
			assert.Less(t, len(err.Error()), 400)
		})
	}
	client := newClient(t, answer(http.StatusOK, `{"draining": true, "connections": 0}`, nil))
	require.ErrorContains(t, client.Resume(t.Context(), loopback), "drains, though")
}

func TestMemberCannotRedirect(t *testing.T) {
	t.Parallel()
	reached := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer inside.Close()
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, inside.URL, http.StatusTemporaryRedirect)
	})
	_, err := client.Drain(t.Context(), loopback)
	require.ErrorContains(t, err, "may not redirect")
	assert.False(t, reached)
}

func TestProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://192.0.2.1:1")
	t.Setenv("http_proxy", "http://192.0.2.1:1")
	client := newClient(t, answer(http.StatusOK, `{"draining": false, "connections": 0}`, nil))
	require.NoError(t, client.Resume(t.Context(), loopback))
}

func TestSilentMemberIsAnErrorAfterTheTimeout(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		func(cfg *drain.Config) { cfg.Timeout = 10 * time.Millisecond })
	_, err := client.Drain(t.Context(), loopback)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.NotContains(t, err.Error(), "192.0.2.0", "the query is left out")
}

func TestAddressOfNoMemberIsRefused(t *testing.T) {
	t.Parallel()
	client := newClient(t, answer(http.StatusOK, `{"draining": false, "connections": 0}`, nil))
	for _, address := range []string{"", "localhost", "127.0.0.1:80", "127.0.0.1/x?", "0.0.0.0", "::", "224.0.0.1", "fe80::1%lo"} {
		require.ErrorContains(t, client.Resume(t.Context(), address), "not the address of a member", address)
	}
}

func TestLastKnownChecksAreUsedWhileTheirSourceIsSilent(t *testing.T) {
	t.Parallel()
	asked := 0
	client := newClient(t, answer(http.StatusOK, `{"draining": true, "connections": 0}`, nil), func(cfg *drain.Config) {
		cfg.Checks = func(ctx context.Context) ([]netip.Prefix, error) {
			asked++
			if asked > 1 {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return checks("192.0.2.0/28")(ctx)
		}
	})
	_, err := client.Drain(t.Context(), loopback)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err = client.Drain(ctx, loopback)
	require.NoError(t, err, "the member has its share of the time")
}

func TestLastKnownChecksAreUsedWhileTheyCannotBeRead(t *testing.T) {
	t.Parallel()
	var asked string
	networks, failure := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/28")}, errors.New("no answer")
	client := newClient(t, answer(http.StatusOK, `{"draining": true, "connections": 0}`, &asked), func(cfg *drain.Config) {
		cfg.Checks = func(context.Context) ([]netip.Prefix, error) { return networks, failure }
	})
	_, err := client.Drain(t.Context(), loopback)
	require.ErrorIs(t, err, failure, "nothing is known yet")
	require.Empty(t, asked)

	failure = nil
	_, err = client.Drain(t.Context(), loopback)
	require.NoError(t, err)
	for _, wrong := range [][]netip.Prefix{
		nil,
		{netip.MustParsePrefix("0.0.0.0/0")},
		{netip.MustParsePrefix("2001:db8::/64")},
		{{}, netip.MustParsePrefix("198.51.100.7/32")},
		slices.Repeat([]netip.Prefix{netip.MustParsePrefix("198.51.100.7/32")}, 201),
	} {
		networks, asked = wrong, ""
		_, err = client.Drain(t.Context(), loopback)
		require.NoError(t, err)
		assert.Contains(t, asked, "checks=192.0.2.0%2F28&", "%v", wrong)
	}
}

func TestConfigIsValidated(t *testing.T) {
	t.Parallel()
	_, err := drain.New(drain.Config{Port: 70000, Lease: 1500 * time.Millisecond, Timeout: time.Hour})
	for _, want := range []string{"no Checks", "Port is 70000", "Lease is 1.5s", "Timeout is 1h"} {
		require.ErrorContains(t, err, want)
	}
	_, err = drain.New(drain.Config{Checks: checks(), Lease: 11 * time.Minute})
	require.ErrorContains(t, err, "Lease is 11m")
	c, err := drain.New(drain.Config{Checks: checks()})
	require.NoError(t, err)
	assert.Equal(t, 3*time.Minute, c.Lease(), "by default")
}

// FuzzAnswer: whatever a member answers, the number of connections is one.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		`{"draining": true, "connections": 3}`, `{"draining": true, "connections": -3}`, `{"error": "x"}`, "OK", `[`,
		`{"draining": true, "connections": 1e99}`, `{"draining": null, "connections": 0}`,
	} {
		f.Add(200, body)
		f.Add(500, body)
	}
	f.Fuzz(func(t *testing.T, code int, body string) {
		connections, err := drain.Decode(code, strings.NewReader(body))
		if err != nil {
			assert.Less(t, len(err.Error()), 2000)
			assert.Zero(t, connections)
			return
		}
		assert.Equal(t, http.StatusOK, code)
		assert.True(t, connections >= 0 && connections <= 1<<20)
	})
}

// A member without the endpoint refuses the connection, which callers tell from
// one that is silent.
func TestAMemberWithoutTheEndpointIsTold(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp4", loopback+":0")
	require.NoError(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	require.NoError(t, listener.Close())
	client, err := drain.New(drain.Config{Checks: checks("192.0.2.0/28"), Port: port})
	require.NoError(t, err)

	_, err = client.Drain(t.Context(), loopback)

	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}
