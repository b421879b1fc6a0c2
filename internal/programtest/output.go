package programtest

import (
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// timeout is how long Await waits, on a machine that is busy with other tests.
const timeout = time.Minute

// maxOutput is how many bytes of a program's output are kept.
const maxOutput = 16 << 20

// An Output collects the first 16 MiB of what a program writes. It is safe
// for concurrent use.
type Output struct {
	mu      sync.Mutex
	text    strings.Builder
	written chan struct{} // closed by the next Write; nil while no one waits
}

// Write implements [io.Writer].
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p[:min(len(p), maxOutput-o.text.Len())])
	if o.written != nil {
		close(o.written)
		o.written = nil
	}
	return len(p), nil
}

// String returns everything that has been kept so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Await waits until the output has a match for a regular expression, and
// returns that with its submatches.
func (o *Output) Await(tb testing.TB, pattern string) []string {
	tb.Helper()
	expression := regexp.MustCompile(pattern)
	var match []string
	o.AwaitCondition(tb, pattern, func() bool {
		match = expression.FindStringSubmatch(o.String())
		return match != nil
	})
	return match
}

// AwaitCondition waits until a condition holds. It looks now and whenever the
// program has written something: the condition must be one that the program
// writes something after. The name is for the failure.
func (o *Output) AwaitCondition(tb testing.TB, name string, condition func() bool) {
	tb.Helper()
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	for {
		next := o.next()
		if condition() {
			return
		}
		select {
		case <-next:
		case <-deadline.C:
			require.FailNow(tb, "timed out waiting for "+name, "output: %s", o)
		}
	}
}

// next returns a channel that the next Write closes.
func (o *Output) next() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.written == nil {
		o.written = make(chan struct{})
	}
	return o.written
}
