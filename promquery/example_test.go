package promquery_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/exopool/exopool/promquery"
)

func ExampleClient() {
	server := httptest.NewServer(answer(200, vector(series("192.0.2.1:9100", "12.5", 0), series("192.0.2.2:9100", "87", 0))))
	defer server.Close()
	client, err := promquery.New(promquery.Config{URL: server.URL, Query: "exopool:member_load:percent"})
	if err != nil {
		fmt.Println(err)
		return
	}
	busy, err := client.Busy(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for member, load := range busy {
		fmt.Printf("%s: %g %%\n", member, load)
	}
	// Unordered output:
	// 192.0.2.1: 12.5 %
	// 192.0.2.2: 87 %
}
