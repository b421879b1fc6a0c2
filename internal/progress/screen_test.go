package progress_test

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/internal/progress"
)

// pass lets time pass, and all that falls due in it happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestLinesOfAFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := progress.New(&out, "fakecloud: ")
		w := s.Start("short", time.Minute)
		pass(time.Second)
		w.End()
		w.End()
		assert.Empty(t, out.String(), "what is over soon is not worth a line")

		w = s.Start("compiling", 10*time.Minute)
		w.See("1 of 2")
		pass(40 * time.Second)
		w.See("2 of 2\nfiles\x1b[2J\r\u009b")
		pass(6 * time.Second)
		w.End()
		pass(time.Hour)
		assert.Equal(t, "fakecloud: … compiling, 2s of at most 10m0s: 1 of 2\n"+
			"fakecloud: … compiling, 7s of at most 10m0s: 1 of 2\n"+
			"fakecloud: … compiling, 17s of at most 10m0s: 1 of 2\n"+
			"fakecloud: … compiling, 37s of at most 10m0s: 1 of 2\n"+
			"fakecloud: … compiling, 42s of at most 10m0s: 2 of 2 files�[2J��\n", out.String())
	})
}

// TestLongWaits: a line a minute is enough of what does not change.
func TestLongWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		w := progress.New(&out, "").Start("waiting", 0)
		pass(time.Hour)
		w.End()
		assert.InDelta(t, 64, bytes.Count(out.Bytes(), []byte("\n")), 2)
		assert.Contains(t, out.String(), "… waiting, 2s\n")
	})
}

func TestLineOfATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := progress.NewTerminal(&out, 30)
		outer := s.Start("terraform apply", time.Minute)
		pass(3*time.Second + time.Millisecond)
		inner := s.Start("compiling a provider of a long name", 0)
		pass(2 * time.Second)
		fmt.Fprintln(s.Writer(&out), "a result")
		pass(time.Second)
		inner.End()
		pass(time.Second)
		outer.End()
		const gone = "\r\x1b[K"
		assert.Equal(t, "… terraform apply, 2s of at …"+
			gone+"… terraform apply, 3s of at …"+
			gone+"… compiling a provider of a …"+
			gone+"a result\n"+
			"… compiling a provider of a …"+
			gone+"… terraform apply, 7s of at …"+gone, out.String())
	})
}
