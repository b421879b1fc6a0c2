// The service discovery writes the addresses of all instances of a pool to a
// file for Prometheus.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/exoscale/egoscale/v2/api"
)

type group struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	client, err := egoscale.NewClient(os.Getenv("EXOSCALE_KEY"), os.Getenv("EXOSCALE_SECRET"))
	if err != nil {
		log.Fatal(err)
	}
	for {
		if err := update(ctx, client); err != nil {
			log.Print(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(10 * time.Second):
		}
	}
}

func update(ctx context.Context, client *egoscale.Client) error {
	zone := os.Getenv("EXOSCALE_ZONE")
	ctx = api.WithEndpoint(ctx, api.NewReqEndpoint("", zone))
	pool, err := client.GetInstancePool(ctx, zone, os.Getenv("EXOSCALE_INSTANCEPOOL_ID"))
	if err != nil {
		return err
	}
	targets := []string{}
	if pool.InstanceIDs != nil {
		for _, id := range *pool.InstanceIDs {
			instance, err := client.GetInstance(ctx, zone, id)
			if err != nil {
				return err
			}
			if instance.PublicIPAddress != nil {
				targets = append(targets, instance.PublicIPAddress.String()+":"+os.Getenv("TARGET_PORT"))
			}
		}
	}
	content, err := json.Marshal([]group{{Targets: targets, Labels: map[string]string{}}})
	if err != nil {
		return err
	}
	return os.WriteFile("/srv/service-discovery/config.json", content, 0o644)
}
