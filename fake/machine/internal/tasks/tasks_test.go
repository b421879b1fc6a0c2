package tasks_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/fake/machine/internal/tasks"
)

func TestTasksOutliveTheContextTheyStartedWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
		group := tasks.New(ctx)
		running, value := true, any(nil)
		group.Go(func(ctx context.Context) {
			value = ctx.Value(key{})
			<-ctx.Done()
			running = false
		})
		cancel()
		synctest.Wait()
		assert.True(t, running)
		assert.Equal(t, "value", value)
		group.Close()
		assert.False(t, running, "Close waits for the task")
	})
}

func TestStopEndsOneTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		group := tasks.New(t.Context())
		defer group.Close()
		running := map[string]bool{"first": true, "second": true}
		stop := group.Go(func(ctx context.Context) { <-ctx.Done(); running["first"] = false })
		group.Go(func(ctx context.Context) { <-ctx.Done() })
		stop()
		synctest.Wait()
		assert.Equal(t, map[string]bool{"first": false, "second": true}, running)
	})
}
