package lograte_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/internal/lograte"
)

// journal returns a logger with one line in each second, and what it wrote.
func journal(level slog.Level) (*slog.Logger, *bytes.Buffer) {
	var out bytes.Buffer
	plain := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	return lograte.Logger(plain, time.Second), &out
}

func TestOneLineInEachIntervalCountsAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, out := journal(slog.LevelInfo)
		log.Info("odd", slog.Int("i", 0))
		time.Sleep(25 * time.Millisecond)
		for i := 1; i < 100; i++ {
			log.Info("odd", slog.Int("i", i))
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		assert.Equal(t, []string{
			"msg=odd i=0",
			"msg=odd i=20 left_out=19",
			"msg=odd i=40 left_out=19",
			"msg=odd i=60 left_out=19",
			"msg=odd i=80 left_out=19",
			"msg=odd i=99 left_out=18",
		}, strings.Split(strings.TrimSpace(out.String()), "\n"))

		out.Reset()
		log.Info("odd again")
		assert.Equal(t, "msg=\"odd again\"\n", out.String(), "at once, as nothing came for a while")
		log.Info("a second one")
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(t, "msg=\"odd again\"\nmsg=\"a second one\"\n", out.String(), "nothing is left out")
	})
}

func TestDerivedLoggersShareTheInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, out := journal(slog.LevelInfo)
		log.Info("one")
		log.With("a", 1).Info("two")
		log.WithGroup("g").Info("three", slog.Int("b", 2))
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(t, "msg=one\nmsg=three g.b=2 g.left_out=1\n", out.String())
	})
}

func TestWhatIsNotLoggedIsNotCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, out := journal(slog.LevelWarn)
		for range 10 {
			log.Info("quiet")
		}
		log.Warn("loud")
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, "msg=loud\n", out.String())
	})
}

func TestALineOutlivesItsRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, out := journal(slog.LevelInfo)
		ctx, cancel := context.WithCancel(t.Context())
		log.InfoContext(ctx, "one")
		log.InfoContext(ctx, "two")
		cancel()
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(t, "msg=one\nmsg=two\n", out.String())
	})
}

func TestManyMayLogAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, out := journal(slog.LevelInfo)
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() { log.With("a", 1).Info("odd") })
		}
		all.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(t, "msg=odd a=1\nmsg=odd a=1 left_out=998\n", out.String())
	})
}
