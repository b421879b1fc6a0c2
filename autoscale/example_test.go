package autoscale_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
)

// An alert asks for more, twice. The next turn adds one member. A real program
// serves the handler and calls [autoscale.Loop.Run] instead of RunOnce.
func Example() {
	clock := fake.NewClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	loop, err := autoscale.New(autoscale.Config{
		Pool: fake.NewPool("web", 2, clock), PoolName: "web", Max: 3, Clock: clock,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := autoscale.NewHandler(loop, autoscale.HandlerConfig{})
	post := func() {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/up", nil))
		fmt.Print(w.Code, " ", w.Body)
	}
	turn := func() {
		clock.Advance(time.Minute)
		d := loop.RunOnce(context.Background())
		fmt.Printf("%s: %s, from %d to %d\n", d.Result, d.Reason, d.From, d.To)
	}

	post()
	post()
	turn()
	turn()
	post()
	turn()
	// Output:
	// 200 recorded: up
	// 200 recorded: up
	// resized: step-up, from 2 to 3
	// held: no-demand, from 3 to 3
	// 200 recorded: up
	// held: at-maximum, from 3 to 3
}
