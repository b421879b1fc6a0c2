// Lego makes and removes the records of DNS challenges with lego's provider: the name
// server, and the domains that want certificates.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/go-acme/lego/v5/challenge/dns01"
	"github.com/go-acme/lego/v5/providers/dns/exoscale"
)

func main() {
	ctx := context.Background()
	dns01.SetDefaultClient(dns01.NewClient(&dns01.Options{RecursiveNameservers: []string{os.Args[1]}}))
	p, err := exoscale.NewDNSProvider()
	must(err)
	for _, domain := range os.Args[2:] {
		must(p.Present(ctx, domain, "token", "key-authorization"))
		fmt.Println("presented", domain)
		must(p.CleanUp(ctx, domain, "token", "key-authorization"))
		fmt.Println("cleaned up", domain)
	}
}

func must(err error) {
	if err != nil {
		fmt.Println("FAILED:", err)
		os.Exit(1)
	}
}
