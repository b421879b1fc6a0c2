// External-dns does in turns what its controller does, for a domain: records are made,
// changed and removed.
package main

import (
	"context"
	"fmt"
	"os"

	"sigs.k8s.io/external-dns/endpoint"
	"sigs.k8s.io/external-dns/pkg/apis/externaldns"
	"sigs.k8s.io/external-dns/plan"
	"sigs.k8s.io/external-dns/provider/exoscale"
	"sigs.k8s.io/external-dns/registry/txt"
)

func main() {
	ctx := context.Background()
	cfg := externaldns.NewConfig()
	cfg.ExoscaleAPIEnvironment, cfg.ExoscaleAPIZone = "api", os.Getenv("EXOSCALE_ZONE")
	cfg.ExoscaleAPIKey, cfg.ExoscaleAPISecret = os.Getenv("EXOSCALE_API_KEY"), os.Getenv("EXOSCALE_API_SECRET")
	cfg.TXTOwnerID = "exopool"
	cfg.TXTCacheInterval = 0
	cfg.TXTPrefix = os.Getenv("TXT_PREFIX")
	cfg.ManagedDNSRecordTypes = []string{"A", "CNAME", "TXT"}
	domain := os.Args[1]
	filter := endpoint.NewDomainFilter([]string{domain})
	p, err := exoscale.New(ctx, cfg, filter)
	must(err)
	r, err := txt.New(cfg, p)
	must(err)
	turn := func(name string, desired ...*endpoint.Endpoint) {
		current, err := r.Records(ctx)
		must(err)
		pl := &plan.Plan{
			Policies: []plan.Policy{&plan.SyncPolicy{}}, Current: current, Desired: desired,
			DomainFilter: endpoint.MatchAllDomainFilters{filter}, ManagedRecords: cfg.ManagedDNSRecordTypes, OwnerID: cfg.TXTOwnerID,
		}
		changes := pl.Calculate().Changes
		fmt.Printf("%s: %d records, create %d, update %d, delete %d\n", name, len(current), len(changes.Create), len(changes.UpdateNew), len(changes.Delete))
		if changes.HasChanges() {
			must(r.ApplyChanges(ctx, changes))
		}
		for _, c := range changes.Create {
			fmt.Println("  +", c)
		}
		for _, c := range changes.UpdateNew {
			fmt.Println("  ~", c)
		}
		for _, c := range changes.Delete {
			fmt.Println("  -", c)
		}
	}
	web := func(address string) *endpoint.Endpoint {
		return endpoint.NewEndpointWithTTL("web."+domain, "A", 300, address)
	}
	apex := func() *endpoint.Endpoint { return endpoint.NewEndpoint(domain, "A", "198.51.100.1") }
	alias := func() *endpoint.Endpoint { return endpoint.NewEndpoint("www."+domain, "CNAME", "web."+domain) }
	turn("create", web("198.51.100.7"), apex(), alias())
	turn("again", web("198.51.100.7"), apex(), alias())
	turn("change", web("198.51.100.8"), apex(), alias())
	turn("again", web("198.51.100.8"), apex(), alias())
	turn("remove", web("198.51.100.8"))
	turn("remove all")
	turn("again")
}

func must(err error) {
	if err != nil {
		fmt.Println("FAILED:", err)
		os.Exit(1)
	}
}
