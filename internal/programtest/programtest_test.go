package programtest_test

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/programtest"
)

func TestMain(m *testing.M) {
	if programtest.IsSelf() {
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		fmt.Println("arguments", os.Args[1:], "in", os.Getenv("WHERE"))
		<-stop
		fmt.Println("stopped")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestProgramRunsUntilItIsStopped(t *testing.T) {
	t.Parallel()
	p := programtest.Start(t, programtest.Self(t, map[string]string{"WHERE": "here"}, "a", "b"))
	match := p.Await(t, `in (\w+)`)
	assert.Equal(t, []string{"in here", "here"}, match)
	assert.NotContains(t, p.String(), "stopped")
	p.Stop(t)
	p.Stop(t) // once is enough
	assert.Equal(t, "arguments [a b] in here\nstopped\n", p.String())
}

func TestOutputIsAwaited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var o programtest.Output
		go func() {
			for i := range 3 {
				time.Sleep(time.Second)
				fmt.Fprintf(&o, "line %d\n", i)
			}
		}()
		began := time.Now()
		assert.Equal(t, []string{"line 1", "1"}, o.Await(t, `line ([1-9])`))
		assert.Equal(t, 2*time.Second, time.Since(began))
		o.AwaitCondition(t, "two lines and one", func() bool { return strings.Count(o.String(), "\n") == 3 })
		assert.Equal(t, 3*time.Second, time.Since(began))
		o.Await(t, "line 0")
	})
}

func TestLongOutputIsCut(t *testing.T) {
	t.Parallel()
	var o programtest.Output
	for range 3 {
		n, err := o.Write(make([]byte, 6<<20))
		require.NoError(t, err)
		assert.Equal(t, 6<<20, n)
	}
	assert.Len(t, o.String(), 16<<20)
}
