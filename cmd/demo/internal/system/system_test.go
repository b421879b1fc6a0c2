package system_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/demo/internal/system"
	"github.com/exopool/exopool/cmd/demo/internal/view"
	"github.com/exopool/exopool/fake/machine/process/member"
	"github.com/exopool/exopool/policy"
	"github.com/exopool/exopool/replay"
)

func TestMain(m *testing.M) {
	if pidFile := os.Getenv(actAsGrafana); pidFile != "" {
		os.Exit(grafanaMain(pidFile))
	}
	if code, ok := member.Run(os.Args); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// timeout leaves room for a busy host.
const timeout = 60 * time.Second

func config() system.Config {
	return system.Config{
		Speed: system.MaxSpeed, Min: 1, Max: 3, Clients: 4,
		Period: 100 * time.Millisecond, Share: 0.5, Work: 20 * time.Millisecond,
		Page: "127.0.0.1:0",
	}
}

// A running is a system that runs, and the hub that it publishes to.
type running struct {
	*system.System

	hub *view.Hub
}

// run starts a system and runs it until the test ends.
func run(t *testing.T, cfg system.Config) running {
	t.Helper()
	hub := view.NewHub()
	s, err := system.Start(t.Context(), cfg, hub)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		assert.NoError(t, <-done)
		assert.NoError(t, s.Close())
	})
	return running{s, hub}
}

// await waits for a snapshot of which a condition holds.
func await(t *testing.T, s running, what string, holds func(view.Snapshot) bool) {
	t.Helper()
	updates := s.hub.Subscribe()
	defer updates.Close()
	limit := time.After(timeout)
	for !holds(s.Snapshot()) {
		select {
		case <-updates.Changed():
		case <-limit:
			require.FailNow(t, "timed out waiting until "+what)
		}
	}
}

func healthy(n int) func(view.Snapshot) bool {
	return func(v view.Snapshot) bool { return len(v.Pool.Members) == n && v.Pool.Healthy() == n }
}

func TestMembersThatBootCanBeLeftOutOfTheAverage(t *testing.T) {
	cfg := config()
	cfg.BootAge = time.Hour
	s := run(t, cfg)
	await(t, s, "the first member is scraped", func(v view.Snapshot) bool {
		return v.Pool.Healthy() == 1 && v.Pool.Members[0].CPU != nil
	})
	assert.Nil(t, s.Snapshot().AverageCPU, "no member is old enough")
}

func TestEveryPartMeetsTheOthers(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s := run(t, config())

	await(t, s, "the first member gets healthy", healthy(1))
	await(t, s, "Prometheus finds and scrapes it", func(v view.Snapshot) bool {
		return v.AverageCPU != nil && v.Pool.Members[0].CPU != nil
	})
	s.SetClients(4)
	await(t, s, "webhooks arrive and the pool grows", healthy(2))
	await(t, s, "the load is served", func(v view.Snapshot) bool { return v.Load.Requests > 0 })

	v := s.Snapshot()
	assert.Zero(t, v.Load.Errors)
	assert.Positive(t, v.Webhooks.Up)
	assert.Positive(t, v.Steps.Up)
	assert.Positive(t, v.APICalls)
}

// TestAPolicyFollowsTheLoad without an alert: it measures members itself. What it
// wanted in this run, it wants again when it sees the same.
func TestAPolicyFollowsTheLoad(t *testing.T) {
	cfg := config()
	follow, err := policy.NewFollow(policy.FollowConfig{})
	require.NoError(t, err)
	cfg.Policy = follow
	s := run(t, cfg)
	await(t, s, "the first member gets healthy", healthy(1))
	s.SetClients(4)
	await(t, s, "the pool grows", healthy(2))
	s.SetClients(0)
	await(t, s, "the pool shrinks, and the autoscaler knows it", func(v view.Snapshot) bool { return healthy(1)(v) && v.Steps.Down > 0 })
	require.NotNil(t, s.Snapshot().Pool.Load)
	assert.NotNil(t, s.Snapshot().Pool.Forecast)

	recorded, err := json.Marshal(s.Decisions())
	require.NoError(t, err)
	decisions, err := replay.ReadDecisions(bytes.NewReader(recorded))
	require.NoError(t, err)
	for i, wish := range replay.Again(decisions, follow) {
		assert.Equal(t, decisions[i].Wanted, wish.Size, "turn %d", decisions[i].Turn)
	}
}

func TestDeletedMemberIsReplaced(t *testing.T) {
	s := run(t, config())
	await(t, s, "the first member gets healthy", healthy(1))
	first := s.Snapshot().Pool.Members[0].Name

	require.Equal(t, http.StatusAccepted, post(t, s.URL()+"api/kill", map[string]string{"member": first}))

	await(t, s, "another member takes its place", func(v view.Snapshot) bool {
		return healthy(1)(v) && v.Pool.Members[0].Name != first
	})
	assert.Equal(t, 1, count(s, "you deleted "+first))
}

func TestPageDrivesTheLoad(t *testing.T) {
	s := run(t, config())
	await(t, s, "the page shows the system", func(v view.Snapshot) bool { return v.Settings.Max == 3 })

	for clients := range 4 { // a drag of the slider
		require.Equal(t, http.StatusAccepted, post(t, s.URL()+"api/load", map[string]int{"clients": clients}))
	}

	await(t, s, "three clients send requests", func(v view.Snapshot) bool { return v.Load.Clients == 3 })
	await(t, s, "that is an event", func(view.Snapshot) bool { return count(s, "3 clients send requests") == 1 })
	assert.Equal(t, 1, count(s, "send"), "one drag is one event")
	assert.True(t, s.Snapshot().Settings.Interactive, "the load is the user's")
	<-s.TakenOver()
	s.SetClients(1)
	assert.Zero(t, count(s, "1 client "), "the scenario has lost the load")
}

// count returns how many events have a text.
func count(s running, text string) int {
	n := 0
	for _, e := range s.hub.State().Events {
		if strings.Contains(e.Text, text) {
			n++
		}
	}
	return n
}

func TestTheEndIsHeardOnThePage(t *testing.T) {
	hub := view.NewHub()
	s, err := system.Start(t.Context(), config(), hub)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"stream", nil)
	require.NoError(t, err)
	stream, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer stream.Body.Close()

	stop()

	said, err := io.ReadAll(stream.Body)
	require.NoError(t, <-done)
	require.NoError(t, s.Close())
	assert.Contains(t, string(said), "event: end", "%v", err)
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s, err := system.Start(t.Context(), config(), view.NewHub())
	require.NoError(t, err)

	require.NoError(t, s.Close())

	left, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
	page, err := url.Parse(s.URL())
	require.NoError(t, err)
	_, err = net.Dial("tcp", page.Host)
	assert.Error(t, err, "nothing listens any more")
}

func TestStartSaysWhichPartFails(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	cfg := config()
	cfg.Page = taken.Addr().String()

	_, err = system.Start(t.Context(), cfg, view.NewHub())

	require.ErrorContains(t, err, "start the web page")
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestValidateReportsEveryField(t *testing.T) {
	err := system.Config{Speed: 21, Min: 0, Max: -1, Clients: 0, Share: 2, BootAge: -1}.Validate()

	for _, text := range []string{
		"Speed is 21", "Min is 0", "Max is -1", "Clients is 0", "Period is 0s", "Share is 2", "Work is 0s", `Page is ""`, "BootAge is -1ns",
	} {
		assert.ErrorContains(t, err, text)
	}
}

// post sends a command to the page and returns the status of the answer.
func post(t *testing.T, url string, body any) int {
	t.Helper()
	command, err := json.Marshal(body)
	require.NoError(t, err)
	resp, err := http.Post(url, "application/json", bytes.NewReader(command))
	require.NoError(t, err)
	defer resp.Body.Close()
	return resp.StatusCode
}
