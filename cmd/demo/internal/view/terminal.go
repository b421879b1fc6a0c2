package view

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

const (
	// redrawInterval is fast enough to look alive and slow enough for a
	// connection over the network.
	redrawInterval = 250 * time.Millisecond

	hideCursor = "\x1b[?25l"
	showCursor = "\x1b[?25h"
	clearRest  = "\x1b[J" // from the cursor to the end of the window
	clearLine  = "\x1b[K" // from the cursor to the end of the line
	clearAll   = "\x1b[2J\x1b[H"
)

// A Terminal shows a hub in a terminal window, redrawn in place, or as lines
// for a log. While a window is redrawn nothing else should write to it.
type Terminal struct {
	Out   io.Writer
	Style Style
	// Size returns the columns and lines of the window; nil means that Out
	// is no window, and lines are written.
	Size func() (width, height int, err error)
	Help string // which keys there are; empty for none
}

// NewTerminal returns the view that suits out and the environment: lines
// when out is no terminal or a dumb one.
func NewTerminal(out *os.File, getenv func(string) string) *Terminal {
	t := &Terminal{Out: out, Style: DetectStyle(out, getenv)}
	if isTerminal(out) && getenv("TERM") != "dumb" {
		t.Size = func() (int, int, error) {
			return term.GetSize(int(out.Fd()))
		}
	}
	return t
}

// Run shows the hub until ctx ends or the hub is closed, then once more, and
// leaves the cursor visible below. It returns the first error of writing.
func (t *Terminal) Run(ctx context.Context, hub *Hub) error {
	if t.Size != nil {
		return t.redraw(ctx, hub)
	}
	return t.log(ctx, hub)
}

func (t *Terminal) log(ctx context.Context, hub *Hub) error {
	sub := hub.Subscribe()
	defer sub.Close()
	l := logLines{style: t.Style}
	for more := true; more; {
		select {
		case <-ctx.Done():
			more = false
		case <-sub.Done():
			more = false
		case <-sub.Changed():
		}
		for _, line := range l.render(sub.Take()) {
			if _, err := fmt.Fprintln(t.Out, line); err != nil {
				return fmt.Errorf("write progress: %w", err)
			}
		}
	}
	return nil
}

func (t *Terminal) redraw(ctx context.Context, hub *Hub) (err error) {
	if _, err := io.WriteString(t.Out, hideCursor); err != nil {
		return fmt.Errorf("write to terminal: %w", err)
	}
	defer func() {
		if _, e := io.WriteString(t.Out, showCursor); e != nil && err == nil {
			err = fmt.Errorf("restore the terminal's cursor: %w", e)
		}
	}()
	tick := time.NewTicker(redrawInterval)
	defer tick.Stop()

	var f frame
	for more := true; more; {
		select {
		case <-ctx.Done():
			more = false
		case <-hub.closed:
			more = false
		case <-tick.C:
		}
		width, height, err := t.Size()
		if err != nil || width < 1 || height < 2 { // some terminals do not know
			width, height = 80, 24
		}
		// The last line stays free: the cursor rests there.
		screen := Screen{Width: width, Height: height - 1, Style: t.Style, Help: t.Help}
		if _, err := io.WriteString(t.Out, f.next(screen, hub.State())); err != nil {
			return fmt.Errorf("write to terminal: %w", err)
		}
	}
	return nil
}

// A frame is what is on the window now.
type frame struct {
	lines         int
	width, height int
}

// next returns what turns this frame into the next one. It is written in one
// piece, so that no half-drawn window is seen.
func (f *frame) next(screen Screen, u Update) string {
	var b strings.Builder
	switch {
	case f.lines > 0 && (f.width != screen.Width || f.height != screen.Height):
		// Lines may have been wrapped: the old ones can be anywhere.
		b.WriteString(clearAll)
	case f.lines > 0:
		fmt.Fprintf(&b, "\x1b[%dA\r", f.lines)
	}
	drawn := screen.Render(u)
	for _, line := range drawn {
		b.WriteString(line + clearLine + "\r\n")
	}
	b.WriteString(clearRest)
	f.lines, f.width, f.height = len(drawn), screen.Width, screen.Height
	return b.String()
}
