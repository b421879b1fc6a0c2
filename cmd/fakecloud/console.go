package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
)

// A console writes log records for the user at the terminal: lines that begin
// with the program's name and have no time.
type console struct {
	mu     *sync.Mutex
	to     io.Writer
	level  slog.Leveler
	prefix string // of keys, by groups
	attrs  string // of every record
}

func newConsole(to io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(&console{mu: new(sync.Mutex), to: to, level: level})
}

// Enabled implements [slog.Handler].
func (c *console) Enabled(_ context.Context, level slog.Level) bool { return level >= c.level.Level() }

// Handle implements [slog.Handler].
func (c *console) Handle(_ context.Context, record slog.Record) error {
	var b strings.Builder
	b.WriteString("fakecloud: ")
	switch {
	case record.Level >= slog.LevelError:
		b.WriteString("error: ")
	case record.Level >= slog.LevelWarn:
		b.WriteString("warning: ")
	}
	b.WriteString(record.Message + c.attrs)
	record.Attrs(func(a slog.Attr) bool {
		write(&b, c.prefix, a)
		return true
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := fmt.Fprintln(c.to, b.String())
	return err
}

// WithAttrs implements [slog.Handler].
func (c *console) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	for _, a := range attrs {
		write(&b, c.prefix, a)
	}
	derived := *c
	derived.attrs += b.String()
	return &derived
}

// WithGroup implements [slog.Handler].
func (c *console) WithGroup(name string) slog.Handler {
	derived := *c
	if name != "" {
		derived.prefix += name + "."
	}
	return &derived
}

// write writes an attribute as " key=value", quoted where it would be unclear.
func write(b *strings.Builder, prefix string, a slog.Attr) {
	value := a.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, member := range value.Group() {
			write(b, prefix, member)
		}
		return
	}
	if a.Equal(slog.Attr{}) {
		return
	}
	text := value.String()
	if text == "" || strings.ContainsAny(text, " \"=\n\t") || !strconv.CanBackquote(text) {
		text = strconv.Quote(text)
	}
	b.WriteString(" " + prefix + a.Key + "=" + text)
}
