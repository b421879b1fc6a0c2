// Command autoscale scales a pool that is no cloud: servers in a rack, which it
// would switch on and off. Two webhooks before a turn are one server more.
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/exopool/exopool/autoscale"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "autoscale:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	cfg := autoscale.DefaultConfig()
	cfg.Pool, cfg.PoolName, cfg.Min, cfg.Max = &rack{on: 1}, "rack", 1, 3
	loop, err := autoscale.New(cfg)
	if err != nil {
		return err
	}
	// A program serves this handler, and calls loop.Run, which takes a turn a minute.
	handler := autoscale.NewHandler(loop, autoscale.HandlerConfig{})
	for range 2 {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodPost, "/up", http.NoBody))
		fmt.Print(w.Body)
	}
	for range 2 {
		d := loop.RunOnce(ctx)
		fmt.Printf("%s: %s, from %d to %d\n", d.Result, d.Reason, d.From, d.To)
	}
	return nil
}

// A rack is a pool of servers that are switched on in their order.
type rack struct{ on int }

// Status returns the servers that are on.
func (r *rack) Status(context.Context) (autoscale.Status, error) {
	status := autoscale.Status{Size: r.on, State: autoscale.StateRunning}
	for i := range r.on {
		name := fmt.Sprint("server ", i+1)
		status.Members = append(status.Members, autoscale.Member{ID: name, Name: name, State: autoscale.MemberRunning})
	}
	return status, nil
}

// Resize switches servers on.
func (r *rack) Resize(_ context.Context, size int) error {
	r.on = size
	return nil
}

// Evict switches the servers off that are named.
func (r *rack) Evict(_ context.Context, ids []string) error {
	r.on -= len(ids)
	return nil
}
