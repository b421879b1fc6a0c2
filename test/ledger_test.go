package test_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/exopool/exopool/autoscale"
)

// A ledger writes down what happens and says which promise it breaks.
type ledger struct {
	size  func() int
	alive func() map[string]bool

	mu       sync.Mutex
	webhooks []webhook
	steps    []step
	foreign  []time.Time // when somebody else changed the size
	turn     time.Time   // when the autoscaler's turn first read the pool
	asked    bool        // it has asked for a resize since
	settled  []autoscale.Settled
	listed   map[string]bool // addresses in the targets file, as last seen
	broken   []string
}

// A webhook that was answered 200 and asks for something.
type webhook struct {
	at        time.Time
	direction autoscale.Direction
}

// A step is a resize that changed the size.
type step struct {
	turn, at  time.Time // when its turn began, when it was carried out
	direction autoscale.Direction
}

func newLedger(size func() int, alive func() map[string]bool) *ledger {
	return &ledger{size: size, alive: alive}
}

func (l *ledger) breaks(format string, args ...any) {
	l.broken = append(l.broken, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// watch sees the autoscaler's API calls.
func (l *ledger) watch(r *http.Request, call func() (*http.Response, error)) (*http.Response, error) {
	scale := strings.HasSuffix(r.URL.Path, ":scale")
	if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/instance-pool/") {
		l.read()
	}
	if scale {
		l.wish(body(r))
	}
	l.mu.Lock()
	turn := l.turn
	l.mu.Unlock()
	before := l.size()
	resp, err := call()
	if after := l.size(); scale && after != before {
		l.stepped(turn, before, after)
	}
	return resp, err
}

// longestTurn is how long a turn of the autoscaler may take.
const longestTurn = 50 * time.Second

// read notes the beginning of a turn. A turn that asks again for its resize
// reads the pool again, too.
func (l *ledger) read() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asked && time.Since(l.turn) < longestTurn {
		return
	}
	l.turn, l.asked = time.Now(), false
}

// restarted notes that what asked before is gone.
func (l *ledger) restarted() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = false
}

// wish checks the size that the autoscaler asks for.
func (l *ledger) wish(body string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = true
	match := scaleBody.FindStringSubmatch(body)
	if match == nil {
		l.breaks("asked to scale without a size: %s", body)
		return
	}
	if size, err := strconv.Atoi(match[1]); err != nil || size < minSize || size > maxSize {
		l.breaks("asked for %s members", match[1])
	}
}

// stepped checks a resize that was carried out: it goes one step, and a
// webhook asked for it that no earlier step can have served.
func (l *ledger) stepped(turn time.Time, before, after int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := step{turn: turn, at: time.Now(), direction: autoscale.Up}
	if after < before {
		s.direction = autoscale.Down
	}
	// The API sets sizes, it does not add: who changes the size between
	// reading and writing makes a step of another length, or direction.
	overtaken := l.foreignSince(turn)
	if after != before+1 && after != before-1 && !overtaken {
		l.breaks("resized from %d to %d at once", before, after)
	}
	var since time.Time
	for _, earlier := range l.steps {
		if earlier.direction == s.direction && !l.foreignSince(earlier.at) {
			since = earlier.turn
		}
	}
	asked := false
	for _, w := range l.webhooks {
		asked = asked || (overtaken || w.direction == s.direction) && !w.at.Before(since)
	}
	if !asked {
		l.breaks("resized from %d to %d, which no webhook since %s asked for", before, after, since.Format("15:04:05.000"))
	}
	l.steps = append(l.steps, s)
}

// foreignSince tells whether somebody else changed the size since then. What
// an unanswered resize has come to can then not be known.
func (l *ledger) foreignSince(t time.Time) bool {
	for _, f := range l.foreign {
		if !f.Before(t) {
			return true
		}
	}
	return false
}

func (l *ledger) received(direction autoscale.Direction) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.webhooks = append(l.webhooks, webhook{at: time.Now(), direction: direction})
}

func (l *ledger) resizedByOthers() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.foreign = append(l.foreign, time.Now())
}

// A settledLog reads from an autoscaler's log which webhooks it is done with:
// what a person would find there. The dead write no logs.
type settledLog struct {
	ledger *ledger
	dead   *atomic.Bool
}

// Enabled implements [slog.Handler].
func (h settledLog) Enabled(context.Context, slog.Level) bool { return !h.dead.Load() }

// WithAttrs implements [slog.Handler].
func (h settledLog) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup implements [slog.Handler].
func (h settledLog) WithGroup(string) slog.Handler { return h }

// Handle implements [slog.Handler].
func (h settledLog) Handle(_ context.Context, r slog.Record) error {
	var s autoscale.Settled
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "direction":
			s.Direction = autoscale.Direction(a.Value.String())
		case "reason":
			s.Reason = autoscale.Reason(a.Value.String())
		case "first":
			s.Webhooks.First = a.Value.Time()
		case "last":
			s.Webhooks.Last = a.Value.Time()
		}
		return true
	})
	if r.Message == "webhooks settled" && s.Reason != "" {
		h.ledger.mu.Lock()
		defer h.ledger.mu.Unlock()
		h.ledger.settled = append(h.ledger.settled, s)
	}
	return nil
}

// targets checks the targets file as it is now.
func (l *ledger) targets(path string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if l.listed != nil {
			l.breaks("the targets file is gone")
		}
		return
	}
	if err != nil {
		l.breaks("the targets file cannot be read: %v", err)
		return
	}
	listed, err := parseTargets(data)
	if err != nil {
		l.breaks("the targets file is not complete: %v: %q", err, data)
		return
	}
	alive := l.alive()
	for address := range l.listed {
		if !listed[address] && alive[address] {
			l.breaks("member %s is alive and was dropped from the targets file", address)
		}
	}
	l.listed = listed
}

func parseTargets(data []byte) (map[string]bool, error) {
	var groups []struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	if err := json.Unmarshal(data, &groups); err != nil {
		return nil, err
	}
	if len(groups) != 1 || groups[0].Targets == nil || groups[0].Labels == nil {
		return nil, fmt.Errorf("%d groups, or one without targets or labels", len(groups))
	}
	listed := map[string]bool{}
	for _, target := range groups[0].Targets {
		addr, err := netip.ParseAddrPort(target)
		if err != nil || addr.Port() != 9100 || listed[addr.Addr().String()] {
			return nil, fmt.Errorf("target %q is malformed or listed twice", target)
		}
		listed[addr.Addr().String()] = true
	}
	return listed, nil
}

// slack is how much of a batch's end a crash may lose: a burst is written to
// the disk once a second.
const slack = time.Second

// close checks, after everything has come to rest, that no answered webhook
// vanished and that the targets are those of the pool.
func (l *ledger) close() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.webhooks {
		found := false
		for _, s := range l.settled {
			found = found || s.Direction == w.direction &&
				!w.at.Before(s.Webhooks.First) && !w.at.After(s.Webhooks.Last.Add(slack))
		}
		if !found {
			l.breaks("the webhook %s of %s vanished", w.direction, w.at.Format("15:04:05.000"))
		}
	}
	alive := l.alive()
	for address := range alive {
		if !l.listed[address] {
			l.breaks("at rest, member %s is not in the targets file", address)
		}
	}
	for address := range l.listed {
		if !alive[address] {
			l.breaks("at rest, %s is in the targets file and no member", address)
		}
	}
	return l.broken
}
