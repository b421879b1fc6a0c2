package fakecloud_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/fake/fakecloud"
)

// A program gets an environment that leads it to the fake cloud, whatever the
// user's own says.
func Example() {
	ctx := context.Background()
	cloud, err := fakecloud.Start(ctx, fakecloud.Config{Speed: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = cloud.Close() }()

	user := []string{"HOME=/home/me", "EXOSCALE_API_KEY=EXOreal", "AWS_PROFILE=work"}
	env := map[string]string{}
	for _, assignment := range cloud.Environ(user) {
		name, value, _ := strings.Cut(assignment, "=")
		env[name] = value
	}
	fmt.Println(env["HOME"], env["EXOSCALE_ZONE"], env["AWS_PROFILE"] == "", env["EXOSCALE_API_KEY"] == cloud.Connection().Key)

	client, err := exoscale.New(exoscale.Config{
		Key: env["EXOSCALE_API_KEY"], Secret: env["EXOSCALE_API_SECRET"],
		Zone: env["EXOSCALE_ZONE"], Endpoint: env["EXOSCALE_API_ENDPOINT"],
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.ResolvePool(ctx, "shop")
	fmt.Println(err != nil, cloud.API().Calls().ByOperation)
	// Output:
	// /home/me at-vie-1 true true
	// true map[list-instance-pools:1]
}
