// Nameserver answers for the DNS domains of an Exoscale account, by their zone files,
// on an address.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	egoscale "github.com/exoscale/egoscale/v3"
	"github.com/exoscale/egoscale/v3/credentials"
	"github.com/miekg/dns"
)

func main() {
	c, err := egoscale.NewClient(credentials.NewEnvCredentials(), egoscale.ClientOptWithEndpoint(egoscale.Endpoint(os.Getenv("EXOSCALE_API_ENDPOINT"))))
	if err != nil {
		panic(err)
	}
	h := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		m.Authoritative = true
		ctx := context.Background()
		name := strings.ToLower(q.Question[0].Name)
		ds, err := c.ListDNSDomains(ctx)
		if err != nil {
			fmt.Println(err)
		}
		found := false
		for _, d := range ds.DNSDomains {
			apex := dns.Fqdn(d.UnicodeName)
			if !dns.IsSubDomain(apex, name) {
				continue
			}
			z, err := c.GetDNSDomainZoneFile(ctx, d.ID)
			if err != nil {
				fmt.Println(err)
				continue
			}
			p := dns.NewZoneParser(strings.NewReader(z.ZoneFile), apex, "")
			var soa dns.RR
			for rr, ok := p.Next(); ok; rr, ok = p.Next() {
				if rr.Header().Rrtype == dns.TypeSOA {
					soa = rr
				}
				if rr.Header().Name == name {
					found = true
					if rr.Header().Rrtype == q.Question[0].Qtype {
						m.Answer = append(m.Answer, rr)
					}
				}
			}
			if p.Err() != nil {
				fmt.Println("zone file:", p.Err())
			}
			if len(m.Answer) == 0 && soa != nil {
				m.Ns = append(m.Ns, soa)
			}
		}
		if !found {
			m.Rcode = dns.RcodeNameError
		}
		_ = w.WriteMsg(m)
	})
	go func() { fmt.Println((&dns.Server{Addr: os.Args[1], Net: "tcp", Handler: h}).ListenAndServe()) }()
	fmt.Println((&dns.Server{Addr: os.Args[1], Net: "udp", Handler: h}).ListenAndServe())
}
