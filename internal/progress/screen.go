package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

const (
	// quiet is how long nothing is said of a wait.
	quiet = 2 * time.Second
	// shortest and longest are from one line about a wait to the next; the first
	// where something else is seen.
	shortest = 5 * time.Second
	longest  = time.Minute
	// refresh is from one look at the waits to the next.
	refresh = time.Second
	// defaultWidth is that of a terminal which does not say, in columns.
	defaultWidth = 80
)

// A Screen is where waits are shown. Its methods are safe for concurrent use.
type Screen struct {
	to     io.Writer
	prefix string
	width  func() int // of the terminal; nil: it is none

	mu    sync.Mutex
	waits []*Wait // the latest is shown on a terminal
	shown bool    // there is a line on the terminal that has to go
}

// New returns a screen that writes to a file or a terminal. Lines that stay begin
// with prefix.
func New(to io.Writer, prefix string) *Screen {
	s := &Screen{to: to, prefix: prefix}
	if file, ok := to.(*os.File); ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb" {
		s.width = func() int {
			if columns, _, err := term.GetSize(int(file.Fd())); err == nil && columns > 0 {
				return columns
			}
			return defaultWidth
		}
	}
	return s
}

// A Wait is something that takes long.
type Wait struct {
	screen *Screen
	what   string
	limit  time.Duration
	begun  time.Time

	seen    string
	said    time.Time // when a line was written last; zero: never
	saidOf  string    // what was seen then
	pause   time.Duration
	ended   chan struct{}
	watched sync.WaitGroup
}

// Start says from now on that the program waits for something, until the wait is
// ended. A limit of 0 is one that is not known.
func (s *Screen) Start(what string, limit time.Duration) *Wait {
	w := &Wait{screen: s, what: what, limit: limit, begun: time.Now(), pause: shortest, ended: make(chan struct{})}
	s.mu.Lock()
	s.waits = append(s.waits, w)
	s.mu.Unlock()
	w.watched.Go(w.watch)
	return w
}

// See says what is seen of it now.
func (w *Wait) See(text string) {
	w.screen.mu.Lock()
	defer w.screen.mu.Unlock()
	w.seen = text
}

// End ends the wait. Further calls do nothing.
func (w *Wait) End() {
	w.screen.mu.Lock()
	for n, other := range w.screen.waits {
		if other == w {
			w.screen.waits = append(w.screen.waits[:n:n], w.screen.waits[n+1:]...)
			close(w.ended)
			w.screen.clear()
			break
		}
	}
	w.screen.mu.Unlock()
	w.watched.Wait()
}

// watch shows the wait again and again.
func (w *Wait) watch() {
	ticker := time.NewTicker(refresh)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			w.screen.mu.Lock()
			w.show(time.Now())
			w.screen.mu.Unlock()
		case <-w.ended:
			return
		}
	}
}

// show shows the wait, if it is time to. The screen has to be locked.
func (w *Wait) show(now time.Time) {
	s := w.screen
	passed := now.Sub(w.begun)
	if passed < quiet || len(s.waits) == 0 {
		return
	}
	if s.width != nil {
		if s.waits[len(s.waits)-1] == w {
			s.clear()
			fmt.Fprint(s.to, cut(w.line(passed), s.width()-1))
			s.shown = true
		}
		return
	}
	since := now.Sub(w.said)
	if !w.said.IsZero() && since < w.pause && (since < shortest || w.seen == w.saidOf) {
		return
	}
	if !w.said.IsZero() {
		w.pause = min(2*w.pause, longest)
	}
	w.said, w.saidOf = now, w.seen
	fmt.Fprintln(s.to, s.prefix+w.line(passed))
}

func (w *Wait) line(passed time.Duration) string {
	text := fmt.Sprintf("… %s, %s", w.what, passed.Round(time.Second))
	if w.limit > 0 {
		text += " of at most " + w.limit.Round(time.Second).String()
	}
	if w.seen != "" {
		text += ": " + w.seen
	}
	return strings.Map(printable, text)
}

// printable returns what is shown of a character: what is seen may come from
// outside, and a terminal must obey nothing in it.
func printable(r rune) rune {
	switch {
	case r == '\n':
		return ' '
	case unicode.IsControl(r):
		return unicode.ReplacementChar
	}
	return r
}

// cut shortens a text to a number of characters.
func cut(text string, most int) string {
	if most < 1 || utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// clear removes the line from the terminal. The screen has to be locked.
func (s *Screen) clear() {
	if s.shown {
		fmt.Fprint(s.to, "\r\x1b[K")
		s.shown = false
	}
}

// Writer returns what writes to the same terminal: the line gives way, and comes
// again.
func (s *Screen) Writer(to io.Writer) io.Writer { return writer{s, to} }

type writer struct {
	screen *Screen
	to     io.Writer
}

func (w writer) Write(text []byte) (int, error) {
	w.screen.mu.Lock()
	defer w.screen.mu.Unlock()
	w.screen.clear()
	return w.to.Write(text)
}
