package autoscale_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
)

// newLoop returns the loop of a pool of two members that may have three, and
// the clock that it runs on.
func newLoop() (*autoscale.Loop, *fake.Clock) {
	clock := fake.NewClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	loop, err := autoscale.New(autoscale.Config{
		Pool: fake.NewPool("web", 2, clock), PoolName: "web", Max: 3, Clock: clock,
	})
	if err != nil {
		panic(err)
	}
	return loop, clock
}

// An alert asks for more, twice, and the next turn adds one member. A real program
// serves the handler and calls [autoscale.Loop.Run] instead of RunOnce.
func Example() {
	loop, clock := newLoop()
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

// A program without webhooks records demand itself.
func ExampleLoop_Record() {
	loop, _ := newLoop()
	ctx := context.Background()
	loop.Record(ctx, autoscale.Up)
	up, down := loop.Pending()
	fmt.Println("pending:", up.Count, down.Count)

	d := loop.RunOnce(ctx)
	fmt.Println(d.Result, d.Reason, d.From, d.To)
	for _, settled := range d.Settled {
		fmt.Println("settled:", settled.Direction, settled.Reason, settled.Webhooks.Count)
	}
	// Output:
	// pending: 1 0
	// resized step-up 2 3
	// settled: up step-up 1
}

// Run takes a turn at once, and then one each interval, until its context ends.
func ExampleLoop_Run() {
	loop, clock := newLoop()
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := loop.Run(ctx); err != nil {
			fmt.Println(err)
		}
	})
	for range 2 {
		clock.AwaitSleepers(1)
		clock.Advance(time.Minute)
	}
	clock.AwaitSleepers(1)
	stop()
	running.Wait()
	for _, d := range loop.Decisions() {
		fmt.Println(d.Time.Format(time.TimeOnly), d.Result, d.Reason)
	}
	// Output:
	// 12:00:00 held no-demand
	// 12:01:00 held no-demand
	// 12:02:00 held no-demand
}

// A paused loop goes on with its turns, but does not resize the pool.
func ExampleLoop_Pause() {
	loop, clock := newLoop()
	ctx := context.Background()
	if _, err := loop.Pause(ctx, 2*time.Hour, "load test"); err != nil {
		fmt.Println(err)
	}
	loop.Record(ctx, autoscale.Up)
	fmt.Println(loop.RunOnce(ctx).Reason)
	if pause, paused := loop.Paused(); paused {
		fmt.Println("until", pause.Until.Format(time.TimeOnly), "because of a", pause.Reason)
	}

	clock.Advance(time.Minute)
	if err := loop.Resume(ctx); err != nil {
		fmt.Println(err)
	}
	fmt.Println(loop.RunOnce(ctx).Reason)
	// Output:
	// paused
	// until 14:00:00 because of a load test
	// step-up
}

func ExampleLoop_Ready() {
	loop, clock := newLoop()
	fmt.Println(loop.Ready())
	loop.RunOnce(context.Background())
	fmt.Println(loop.Ready())
	clock.Advance(5 * time.Minute)
	fmt.Println(loop.Ready())
	// Output:
	// no turn has ended yet
	// <nil>
	// the pool was last read 5m0s ago
}

// Only the listed alerts count, and only with the token.
func ExampleNewHandler() {
	loop, _ := newLoop()
	handler := autoscale.NewHandler(loop, autoscale.HandlerConfig{
		Token:  "secret",
		Alerts: map[autoscale.Direction][]string{autoscale.Up: {"CPU high"}, autoscale.Down: {"CPU low"}},
	})
	for _, address := range []string{
		"/up?alertname=CPU+high&token=secret",
		"/up?alertname=CPU+high&token=secret&status=resolved",
		"/up?alertname=Disk+full&token=secret",
		"/up?alertname=CPU+high",
		"/readyz",
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 200 recorded: up
	// 200 ignored: status resolved
	// 403 names no alert that counts
	// 401 token is missing
	// 503 no turn has ended yet
}

// A program fills its settings into the defaults. The error names all that are
// wrong.
func ExampleConfig_Validate() {
	cfg := autoscale.DefaultConfig()
	cfg.Max = 20_000
	cfg.Timeout = 2 * cfg.Interval
	fmt.Println(cfg.Validate())
	// Output:
	// Max is 20000: set it to 1 to 10000
	// Timeout is 2m0s: set it to 10ms or longer, and shorter than the interval of 1m0s
}

// servers is a pool of two servers in a rack, which are switched on in their order.
type servers struct{ on int }

func (s *servers) Status(context.Context) (autoscale.Status, error) {
	status := autoscale.Status{Size: s.on, State: autoscale.StateRunning}
	for i := range s.on {
		name := fmt.Sprint("server ", i+1)
		status.Members = append(status.Members, autoscale.Member{ID: name, Name: name, State: autoscale.MemberRunning})
	}
	return status, nil
}

func (s *servers) Resize(_ context.Context, size int) error {
	if size > 2 {
		return fmt.Errorf("switch on %d of 2 servers: %w", size, autoscale.ErrRefused)
	}
	s.on = size
	return nil
}

func (s *servers) Evict(context.Context, []string) error {
	return fmt.Errorf("switch off one of %d servers: %w", s.on, autoscale.ErrRefused)
}

// Anything that has a size can be a pool.
func ExamplePool() {
	loop, err := autoscale.New(autoscale.Config{Pool: &servers{on: 1}, PoolName: "rack"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	for range 2 {
		loop.Record(ctx, autoscale.Up)
		d := loop.RunOnce(ctx)
		fmt.Println(d.Result, d.From, d.To)
		if d.Error != "" {
			fmt.Println(d.Error)
		}
	}
	// Output:
	// resized 1 2
	// failed 2 3
	// resize pool rack from 2 to 3: switch on 3 of 2 servers: refused by the provider
}

// perMember wants a fixed number of members for each unit of load, and remembers
// nothing.
type perMember struct{}

func (perMember) Name() string { return "per-member" }

func (perMember) Learn(autoscale.Memory, autoscale.Observation) autoscale.Memory { return nil }

func (perMember) Decide(_ autoscale.Memory, o autoscale.Observation) autoscale.Wish {
	return autoscale.Wish{
		Size: int(math.Ceil(o.Load.Members)),
		Why:  fmt.Sprintf("the load takes %.1f members", o.Load.Members),
	}
}

func (perMember) Encode(autoscale.Memory) ([]byte, error) { return nil, nil }
func (perMember) Decode([]byte) (autoscale.Memory, error) { return nil, nil }

// Both signals have a say: the larger load counts. The first is a part of what the
// members can do, and the other an amount.
func ExamplePolicy() {
	clock := fake.NewClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	measured := func(value float64) autoscale.Source {
		return func(context.Context) (autoscale.Reading, error) {
			return autoscale.Reading{Value: value, At: clock.Now()}, nil
		}
	}
	loop, err := autoscale.New(autoscale.Config{
		Pool: fake.NewPool("web", 2, clock), PoolName: "web", Max: 10, Clock: clock,
		Policy: perMember{},
		Signals: []autoscale.Signal{
			autoscale.Ratio{Source: measured(0.6), Objective: 0.8},
			autoscale.Amount{Source: measured(420), PerMember: 100},
		},
	})
	if err != nil {
		panic(err)
	}
	d := loop.RunOnce(context.Background())
	fmt.Printf("%s: %s, from %d to %d: %s\n", d.Result, d.Reason, d.From, d.To, d.Why)
	// Output: resized: policy-up, from 2 to 5: the load takes 4.2 members
}
