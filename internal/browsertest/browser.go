// Package browsertest shows web pages to a real browser in tests: Chromium,
// without a window.
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// timeout bounds each thing that a test waits for.
const timeout = time.Minute

// A Browser is a tab, and what it complained about. Get one from [Start].
type Browser struct {
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// Start starts Chromium, which lasts as long as the test. The test is skipped
// where there is none.
func Start(t *testing.T) *Browser {
	t.Helper()
	program := find()
	if program == "" {
		t.Skip("Chromium is not installed: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program),
		chromedp.Flag("disable-gpu", true))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses root otherwise
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*timeout)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	b := &Browser{}
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithListener(b.listen))
	t.Cleanup(cancel)
	b.ctx = ctx
	enable := func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, log.Enable, cdp.Empty{})
		return err
	}
	require.NoError(t, chromedp.Do(ctx, chromedp.Func(enable)))
	return b
}

// find returns the path of Chromium, empty if it is not installed.
func find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if program, err := exec.LookPath(name); err == nil {
			return program
		}
	}
	return ""
}

// listen keeps what the page did wrong.
func (b *Browser) listen(event any) {
	switch e := event.(type) {
	case *cdpruntime.EventExceptionThrown:
		b.complain("exception: " + e.ExceptionDetails.Text + " " + e.ExceptionDetails.Exception.Description)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			b.complain("log: " + e.Entry.Text + " " + e.Entry.URL)
		}
	case *page.EventJavascriptDialogOpening:
		b.complain("dialog: " + e.Message)
	}
}

func (b *Browser) complain(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, text)
}

// TakeComplaints returns the errors, exceptions and dialogs of the page so far,
// and forgets them.
func (b *Browser) TakeComplaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.complaints
	b.complaints = nil
	return taken
}

// Do does actions in the tab.
func (b *Browser) Do(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, timeout)
	defer cancel()
	require.NoError(t, chromedp.Do(ctx, actions...))
}

// Await waits until an expression is true in the page.
func (b *Browser) Await(t *testing.T, expression string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, timeout)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[chromedp.Void](expression)); err != nil {
		t.Fatalf("%s: %v; the page says:\n%s", expression, err, Evaluate[string](t, b, "document.body.innerText"))
	}
}

// Evaluate returns what an expression comes to in the page.
func Evaluate[T any](t *testing.T, b *Browser, expression string) T {
	t.Helper()
	return result(t, b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// result does an action in the tab and returns what it says.
func result[T any](t *testing.T, b *Browser, action chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, timeout)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	require.NoError(t, err)
	return value
}
