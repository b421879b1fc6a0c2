// Package console_test shows the console of a running fake cloud to a real
// browser: Chromium, without a window.
package console_test

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/process"
	"github.com/exopool/exopool/fake/machine/process/member"
)

var (
	screenshots = flag.String("screenshots", "", "folder for pictures of the pages")
	axeFile     = flag.String("axe", "", "axe-core's axe.min.js, to be asked about the pages as well")
)

// timeout bounds all that a test waits for.
const timeout = time.Minute

func TestMain(m *testing.M) {
	if code, ok := member.Run(os.Args); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// startCloud starts a cloud whose machines answer, where the system allows it.
func startCloud(t *testing.T) *fakecloud.Cloud {
	t.Helper()
	cfg := fakecloud.Config{Speed: 20}
	if runtime.GOOS == "linux" {
		cfg.Machines = fakecloud.Processes(process.Config{})
	}
	cloud, err := fakecloud.Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cloud.Close()) })
	return cloud
}

// A browser is a tab, and what it complained about.
type browser struct {
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// startBrowser starts Chromium, or skips the test.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
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
	b := &browser{}
	listen := func(event any) {
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
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithListener(listen))
	t.Cleanup(cancel)
	b.ctx = ctx
	enable := func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, log.Enable, cdp.Empty{})
		return err
	}
	require.NoError(t, chromedp.Do(ctx, chromedp.Func(enable)))
	return b
}

func (b *browser) complain(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, text)
}

// take returns the complaints so far, and forgets them.
func (b *browser) take() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.complaints
	b.complaints = nil
	return taken
}

// run does actions in the tab.
func (b *browser) run(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, timeout)
	defer cancel()
	require.NoError(t, chromedp.Do(ctx, actions...))
}

// evaluate returns what an expression comes to in the page.
func evaluate[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	return result(t, b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// result does an action in the tab and returns what it says.
func result[T any](t *testing.T, b *browser, action chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, timeout)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	require.NoError(t, err)
	return value
}

// await waits until an expression is true in the page.
func await(t *testing.T, b *browser, expression string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, timeout)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[chromedp.Void](expression)); err != nil {
		t.Fatalf("%s: %v; the page says:\n%s", expression, err, evaluate[string](t, b, "document.body.innerText"))
	}
}
