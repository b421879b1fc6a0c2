package view_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/demo/internal/view"
)

// busy is a pool in the middle of growing.
func busy() view.Snapshot {
	return view.Snapshot{
		Seconds: 34.2, Phase: view.PhaseLoadOn, Awaits: "the autoscaler's next turn", Speed: 12,
		Settings: view.Settings{HighThreshold: 80, LowThreshold: 20, Interval: 5, Min: 1, Max: 4, Alerting: "rules"},
		Load:     view.Load{Clients: 10, MaxClients: 20, Requests: 1200, Errors: 0, RequestsPerSecond: 41.3, P95Milliseconds: 312},
		Pool: view.Pool{Wanted: 3, Members: []view.Member{
			{Name: "web-aaaa", Address: "127.77.0.10", State: view.MemberHealthy, CPU: new(97.0), Age: 40, Serving: true},
			{Name: "web-bbbb", Address: "127.77.0.11", State: view.MemberUnhealthy, CPU: new(12.0), Age: 9},
			{Name: "web-cccc", Address: "127.77.0.12", State: view.MemberBooting, Age: 2},
		}},
		AverageCPU: new(85.0),
		Alerts:     view.Alerts{High: view.AlertFiring, Low: view.AlertInactive},
		Webhooks:   view.Counts{Up: 4}, Steps: view.Counts{Up: 2}, NextTurn: 2.6, APICalls: 51,
		Addresses: view.Addresses{Page: "http://127.0.0.1:8480"},
	}
}

func story() *view.Hub {
	hub := view.NewHub()
	for i := range 60 {
		s := busy()
		s.Seconds, s.AverageCPU = float64(i)*0.57, new(float64(min(100, i*2)))
		hub.Publish(s)
	}
	hub.Publish(busy())
	hub.Emit(view.Event{Seconds: 6, Kind: view.KindLoad, Text: "10 clients"})
	hub.Emit(view.Event{Seconds: 29, Kind: view.KindWebhook, Text: "POST /up", Direction: view.Up})
	hub.Emit(view.Event{
		Seconds: 30, Kind: view.KindDecision, Severity: view.Good,
		Text: "scale up from 2 to 3", Reason: "webhook /up since the last turn",
	})
	hub.Emit(view.Event{Seconds: 33, Kind: view.KindError, Severity: view.Bad, Text: "evil\x1b[2J\ntext"})
	return hub
}

func TestScreen(t *testing.T) {
	for name, screen := range map[string]view.Screen{
		"screen-unicode.txt": {Width: 100, Height: 24, Style: view.Style{Unicode: true}, Help: "keys: q ends the demo"},
		"screen-ascii.txt":   {Width: 80, Height: 24},
		"screen-small.txt":   {Width: 60, Height: 12, Style: view.Style{Unicode: true}},
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, name, strings.Join(screen.Render(story().State()), "\n")+"\n")
		})
	}
}

func TestTheScreenFitsEveryWindow(t *testing.T) {
	state := story().State()
	for width := 0; width < 130; width += 3 {
		for height := -1; height < 40; height++ {
			screen := view.Screen{Width: width, Height: height, Style: view.Style{Unicode: true}, Help: "keys: q ends the demo"}
			lines := screen.Render(state)
			require.LessOrEqual(t, len(lines), max(height, 0))
			for _, line := range lines {
				require.LessOrEqual(t, utf8.RuneCountInString(line), width, "%dx%d: %q", width, height, line)
			}
		}
	}
	assert.NotEmpty(t, view.Screen{Width: 80, Height: 24}.Render(view.NewHub().State()), "before the first snapshot")
}

func TestPlainStyleIsPlainASCII(t *testing.T) {
	for _, line := range (view.Screen{Width: 90, Height: 30}).Render(story().State()) {
		for _, r := range line {
			require.True(t, r >= ' ' && r <= '~', "%q", line)
		}
	}
}

func TestLinesForALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		hub := view.NewHub()
		term := view.Terminal{Out: &out}
		done := make(chan error, 1)
		go func() { done <- term.Run(t.Context(), hub) }()

		show := func(seconds float64, phase view.Phase) {
			s := busy()
			s.Seconds, s.Phase = seconds, phase
			hub.Publish(s)
			synctest.Wait()
		}
		hub.Emit(view.Event{Kind: view.KindNote, Text: "a pool of one behind a load balancer"})
		for i := range 60 {
			show(float64(i)/5, view.PhaseStarting)
		}
		show(12.2, view.PhaseLoadOn)
		hub.Emit(view.Event{Seconds: 13, Kind: view.KindWebhook, Text: "POST /up"})
		hub.Emit(view.Event{Seconds: 15, Kind: view.KindDecision, Text: "scale up from 1 to 2", Reason: "webhook /up"})
		hub.Emit(view.Event{Seconds: 16, Kind: view.KindError, Text: "two\nlines \x1b[2Jand an escape"})
		hub.Close()
		require.NoError(t, <-done)
		golden(t, "lines.txt", out.String())
	})
}

// window collects what is written while others look at it.
type window struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *window) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(b)
}

func (w *window) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

func TestTheCursorComesBack(t *testing.T) {
	for name, stop := range map[string]func(*view.Hub, context.CancelFunc){
		"when the context ends":  func(_ *view.Hub, cancel context.CancelFunc) { cancel() },
		"when the hub is closed": func(h *view.Hub, _ context.CancelFunc) { h.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out window
				var width atomic.Int64
				width.Store(80)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				hub := view.NewHub()
				term := view.Terminal{Out: &out, Size: func() (int, int, error) { return int(width.Load()), 24, nil }}
				done := make(chan error, 1)
				go func() { done <- term.Run(ctx, hub) }()

				hub.Publish(busy())
				time.Sleep(time.Second)
				synctest.Wait()
				assert.Contains(t, out.String(), "web-aaaa")
				assert.NotContains(t, out.String(), "\x1b[2J", "no flicker while the window keeps its size")
				width.Store(100)
				time.Sleep(time.Second)
				synctest.Wait()
				assert.Equal(t, 1, strings.Count(out.String(), "\x1b[2J"), "a new size starts on a clean window")

				hub.Emit(view.Event{Text: "the very last"})
				stop(hub, cancel)
				require.NoError(t, <-done)
				assert.True(t, strings.HasPrefix(out.String(), "\x1b[?25l"))
				assert.True(t, strings.HasSuffix(out.String(), "\x1b[?25h"))
				assert.Contains(t, out.String(), "the very last")
			})
		})
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestAWriterThatFailsEndsTheView(t *testing.T) {
	hub := view.NewHub()
	hub.Publish(busy())
	size := func() (int, int, error) { return 80, 24, nil }
	for name, term := range map[string]view.Terminal{
		"window": {Out: brokenPipe{}, Size: size}, "log": {Out: brokenPipe{}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.ErrorContains(t, term.Run(t.Context(), hub), "broken pipe")
		})
	}
}

func TestStyleFollowsTheEnvironment(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer file.Close()
	for _, c := range []struct {
		env     map[string]string
		unicode bool
	}{
		{map[string]string{"LANG": "en_US.UTF-8"}, true},
		{map[string]string{"LC_CTYPE": "C.utf8", "LANG": "C"}, true},
		{map[string]string{"LC_ALL": "C", "LANG": "en_US.UTF-8"}, false},
		{map[string]string{"LANG": "en_US.UTF-8", "TERM": "dumb"}, false},
		{nil, false},
	} {
		t.Run(fmt.Sprint(c.env), func(t *testing.T) {
			term := view.NewTerminal(file, func(k string) string { return c.env[k] })
			assert.Equal(t, c.unicode, term.Style.Unicode)
			assert.False(t, term.Style.Color, "a file has no colours")
			assert.Nil(t, term.Size, "a file is no window")
		})
	}
}

func TestColoursOnlyWhereTheyAreShown(t *testing.T) {
	state := story().State()
	colourful := strings.Join(view.Screen{Width: 80, Height: 24, Style: view.Style{Color: true}}.Render(state), "")
	plain := strings.Join(view.Screen{Width: 80, Height: 24}.Render(state), "")
	assert.Contains(t, colourful, "\x1b[31m")
	assert.NotContains(t, plain, "\x1b")
}
