package exoapi_test

import (
	"context"
	"fmt"
	"net/http"

	egoscale "github.com/exoscale/egoscale/v3"
	"github.com/exoscale/egoscale/v3/credentials"

	"github.com/exopool/exopool/fake/exoapi"
)

// The vendor's newer client, egoscale v3, reads what there is, and learns of a fault.
func Example_egoscaleV3() {
	cloud, err := exoapi.New(exoapi.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cloud.Close()
	key, secret := cloud.Credential()
	client, err := egoscale.NewClient(credentials.NewStaticCredentials(key, secret),
		egoscale.ClientOptWithHTTPClient(&http.Client{Transport: cloud.Transport()}),
		egoscale.ClientOptWithEndpoint("http://127.0.0.1:1/v2"))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	types, err := client.ListInstanceTypes(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	micro, err := types.FindInstanceTypeByIdOrFamilyAndSize("standard.micro")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(micro.Cpus, "CPU,", micro.Memory>>20, "MiB")

	if _, err := cloud.Faults().Add(exoapi.Fault{Name: exoapi.FaultServerErrorBefore, Operation: "list-instances"}); err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.ListInstances(ctx)
	fmt.Println("failed:", err != nil)
	// Output:
	// 1 CPU, 512 MiB
	// failed: true
}
