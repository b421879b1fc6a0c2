package exoapi_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"

	"github.com/exopool/exopool/fake/exoapi"
)

// The real client creates a pool and resizes it, a thousand times as fast.
func Example() {
	cloud, err := exoapi.New(exoapi.Config{Timing: exoapi.Timing{Speed: 1000}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cloud.Close()
	key, secret := cloud.Credential()
	client, err := egoscale.NewClient(key, secret,
		egoscale.ClientOptWithHTTPClient(&http.Client{Transport: cloud.Transport()}),
		egoscale.ClientOptWithAPIEndpoint("http://127.0.0.1:1/v2"),
		egoscale.ClientOptWithPollInterval(time.Millisecond))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	template, err := client.GetTemplateByName(ctx, "at-vie-1", "Linux Debian 13 (Trixie) 64-bit", "public")
	if err != nil {
		fmt.Println(err)
		return
	}
	size, disk, micro := int64(1), int64(10), "71004023-bb72-4a97-b1e9-bc66dfce9470"
	name := "web"
	pool, err := client.CreateInstancePool(ctx, "at-vie-1", &egoscale.InstancePool{
		Name: &name, Size: &size, DiskSize: &disk, InstanceTypeID: &micro, TemplateID: template.ID,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := client.ScaleInstancePool(ctx, "at-vie-1", pool, 3); err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range cloud.Pools() {
		fmt.Println(p.Name, p.State, p.Size, len(p.Members))
	}
	fmt.Println(cloud.Calls().ByOperation["scale-instance-pool"])
	// Output:
	// web running 3 3
	// 1
}
