package exoapi

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// An Exchange is one call of the API and how it was answered.
type Exchange struct {
	Number   int           `json:"number"` // counted from 1
	Time     time.Time     `json:"time"`   // when the call came
	Duration time.Duration `json:"duration"`
	Source   string        `json:"source"` // address of the caller; empty for calls in process
	Method   string        `json:"method"`
	Path     string        `json:"path"` // escaped, without the query
	Query    string        `json:"query,omitempty"`
	Zone     string        `json:"zone,omitempty"`
	// Operation is the operation id, also of what is not emulated; empty if the
	// original has none either.
	Operation string `json:"operation,omitempty"`
	// Status is of HTTP; 0 if there was no answer, because of a fault.
	Status int `json:"status"`
	// Refusal is the message of an answer that is no success.
	Refusal string `json:"refusal,omitempty"`
	// Unread are the fields and query parameters that were sent and that nobody
	// read. Calls that are refused have none.
	Unread []string `json:"unread,omitempty"`
	// Assumptions are those that the answer rests on, in the words of the README.
	Assumptions []string `json:"assumptions,omitempty"`
	// Request and Answer are the bodies without secrets, and cut to 4 KiB; empty
	// unless [Config.KeepBodies] asks for them.
	Request string `json:"request,omitempty"`
	Answer  string `json:"answer,omitempty"`
}

// Bounds of what is kept of exchanges.
const (
	maxExchanges    = 1000
	maxQuery        = 1000 // bytes
	maxRefusal      = 1000 // bytes
	maxUnreadFields = 100  // of one call or operation
	maxUnreadField  = 255  // bytes of its name
)

// An exchangeLog keeps the latest exchanges, and which fields nobody read in all
// of them.
type exchangeLog struct {
	mu      sync.Mutex
	latest  []Exchange // in order; the last ones count
	total   int
	changed chan struct{} // closed with the next one; nil if nobody waits
	unread  map[string]map[string]bool
}

func (l *exchangeLog) add(x Exchange) Exchange {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	x.Number = l.total
	if len(l.latest) >= 2*maxExchanges {
		l.latest = append([]Exchange(nil), l.latest[maxExchanges:]...)
	}
	l.latest = append(l.latest, x)
	if len(x.Unread) > 0 {
		l.noteUnread(x)
	}
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
	return x
}

func (l *exchangeLog) noteUnread(x Exchange) {
	if l.unread == nil {
		l.unread = map[string]map[string]bool{}
	}
	if l.unread[x.Operation] == nil {
		l.unread[x.Operation] = map[string]bool{}
	}
	for _, field := range x.Unread {
		if fields := l.unread[x.Operation]; len(fields) < maxUnreadFields {
			fields[field] = true
		}
	}
}

// after returns the exchanges with higher numbers, oldest first, and a channel
// that is closed when there are more.
func (l *exchangeLog) after(number int) ([]Exchange, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	kept := l.latest[max(0, len(l.latest)-maxExchanges):]
	first := l.total - len(kept) + 1
	return slices.Clone(kept[min(max(0, number+1-first), len(kept)):]), l.changed
}

// Exchanges returns the exchanges with numbers above after, oldest first: the
// latest 1000 at most. Without any, it waits until there is one or ctx ends,
// and returns none then.
func (c *Cloud) Exchanges(ctx context.Context, after int) []Exchange {
	for {
		list, more := c.exchanges.after(after)
		if len(list) > 0 {
			return list
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil
		}
	}
}

// Unread returns the fields and query parameters that clients sent until now and
// that nobody read, by operation, sorted.
func (c *Cloud) Unread() map[string][]string {
	c.exchanges.mu.Lock()
	defer c.exchanges.mu.Unlock()
	all := make(map[string][]string, len(c.exchanges.unread))
	for operation, fields := range c.exchanges.unread {
		all[operation] = slices.Sorted(maps.Keys(fields))
	}
	return all
}

// cut returns the beginning of a text that is too long.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// keep ends an exchange: it is kept and logged.
func (c *Cloud) keep(ctx context.Context, ended *Exchange) {
	x := *ended
	x.Duration = c.cfg.Clock.Now().Sub(x.Time)
	x.Refusal = cut(c.keyring.Redact(x.Refusal), maxRefusal)
	x.Unread = x.Unread[:min(maxUnreadFields, len(x.Unread))]
	for i := range x.Unread {
		x.Unread[i] = cut(x.Unread[i], maxUnreadField)
	}
	x = c.exchanges.add(x)
	if !c.cfg.Logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attributes := []slog.Attr{
		slog.String("method", x.Method), slog.String("path", x.Path), slog.String("operation", x.Operation),
		slog.Int("status", x.Status), slog.Duration("took", x.Duration),
	}
	for _, text := range [][2]string{{"query", x.Query}, {"refusal", x.Refusal}, {"request", x.Request}, {"answer", x.Answer}} {
		if text[1] != "" {
			attributes = append(attributes, slog.String(text[0], text[1]))
		}
	}
	if len(x.Unread) > 0 {
		attributes = append(attributes, slog.Any("unread", x.Unread))
	}
	if len(x.Assumptions) > 0 {
		attributes = append(attributes, slog.Any("assumptions", x.Assumptions))
	}
	c.cfg.Logger.LogAttrs(ctx, slog.LevelDebug, "call", attributes...)
}
