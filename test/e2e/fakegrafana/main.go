// Command fakegrafana takes Grafana's place on a monitoring machine where
// Grafana cannot be downloaded, for tests. It evaluates Prometheus' own version
// of the two alerts, sends their webhooks, and serves as much of Grafana's API
// as an installation asks for at its end. It has no user interface.
//
//	Prometheus ◀──query── fakegrafana ──webhook──▶ autoscaler
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/api"
	prometheus "github.com/prometheus/client_golang/api/prometheus/v1"
	"golang.org/x/sync/errgroup"

	"github.com/exopool/exopool/internal/rehearsal/notifier"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Getenv)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fakegrafana:", err)
		os.Exit(1)
	}
}

// run reads the settings that Grafana would read.
func run(ctx context.Context, getenv func(string) string) error {
	client, err := api.NewClient(api.Config{Address: getenv("PROMETHEUS_URL")})
	if err != nil {
		return err
	}
	notifier, err := notifier.New(notifier.Config{
		URL: getenv("AUTOSCALER_URL"), Token: getenv("WEBHOOK_TOKEN"),
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	rules, err := installedRules()
	if err != nil {
		return err
	}
	ask := prometheus.NewAPI(client)
	server := &http.Server{
		Addr:              ":" + getenv("GF_SERVER_HTTP_PORT"),
		Handler:           answers(getenv("GF_SECURITY_ADMIN_PASSWORD"), ask),
		ReadHeaderTimeout: 10 * time.Second,
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return notifier.Run(ctx) })
	group.Go(func() error { return evaluate(ctx, ask, rules, notifier.Update) })
	group.Go(func() error {
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return group.Wait()
}
