package fake_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/exopool/exopool/fake"
)

// A program that waits on the clock goes on as soon as a test advances it.
func ExampleClock() {
	clock := fake.NewClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	done := make(chan struct{})
	go func() {
		defer close(done)
		fmt.Println("woken at", (<-clock.After(time.Hour)).Format(time.TimeOnly))
	}()
	clock.AwaitSleepers(1)
	clock.Advance(time.Hour)
	<-done
	// Output: woken at 13:00:00
}

// The answer to a resize is lost: the caller gets an error, and the pool grows
// all the same.
func ExamplePool() {
	ctx := context.Background()
	pool := fake.NewPool("web", 2, nil)
	pool.LoseNext("resize", errors.New("connection reset"))
	fmt.Println(pool.Resize(ctx, 3))
	status, err := pool.Status(ctx)
	fmt.Println(status.Size, len(status.Members), status.State, err)
	fmt.Println(pool.Resizes())
	// Output:
	// connection reset
	// 3 3 running <nil>
	// [3]
}
