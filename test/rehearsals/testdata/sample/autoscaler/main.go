// The autoscaler changes the size of a pool when Grafana asks it to.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/exoscale/egoscale/v2/api"
)

const maximum = 4

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	client, err := egoscale.NewClient(os.Getenv("EXOSCALE_KEY"), os.Getenv("EXOSCALE_SECRET"))
	if err != nil {
		log.Fatal(err)
	}
	var wanted atomic.Int64
	http.HandleFunc("/up", func(http.ResponseWriter, *http.Request) { wanted.Store(1) })
	http.HandleFunc("/down", func(http.ResponseWriter, *http.Request) { wanted.CompareAndSwap(0, -1) })
	go func() {
		log.Fatal(http.ListenAndServe(":"+os.Getenv("LISTEN_PORT"), nil))
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(60 * time.Second):
		}
		if step := wanted.Swap(0); step != 0 {
			if err := scale(ctx, client, step); err != nil {
				log.Print(err)
			}
		}
	}
}

func scale(ctx context.Context, client *egoscale.Client, step int64) error {
	zone := os.Getenv("EXOSCALE_ZONE")
	ctx = api.WithEndpoint(ctx, api.NewReqEndpoint("", zone))
	pool, err := client.GetInstancePool(ctx, zone, os.Getenv("EXOSCALE_INSTANCEPOOL_ID"))
	if err != nil {
		return err
	}
	size := min(max(*pool.Size+step, 1), maximum)
	if size == *pool.Size {
		return nil
	}
	log.Printf("scaling from %d to %d", *pool.Size, size)
	return client.ScaleInstancePool(ctx, zone, pool, size)
}
