package vendordomains_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/fake/vendordomains"
)

func TestHostsOfTheVendor(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]struct{ vendor, api bool }{
		"api-at-vie-1.exoscale.com":       {true, true},
		"api.exoscale.com":                {true, true},
		"API-ch-gva-2.Exoscale.com.:443":  {true, true},
		"ppapi-ch-gva-2.exoscale.com":     {true, false},
		"api-x.portal.exoscale.com":       {true, false},
		"exoscale.com":                    {true, false},
		"api.exoscale.ch":                 {true, false},
		"ppapi.exoscale.ch:443":           {true, false},
		"sos-at-vie-1.exo.io":             {true, false},
		"bucket.sos-at-vie-1.exo.io:443":  {true, false},
		"x.sks-ch-gva-2.exo.io":           {true, false},
		"b.sos-ch-dk-2.exoscale-cdn.com":  {true, false},
		"api.runstatus.com":               {true, false},
		"db-exoscale-1.a.aivencloud.com":  {true, false},
		"ns1.exoscale.net":                {true, false},
		"exoscalestatus.com":              {false, false},
		"notexo.io":                       {false, false},
		"api-at-vie-1.exoscale.com.other": {false, false},
		"registry.terraform.io":           {false, false},
		"":                                {false, false},
	} {
		assert.Equal(t, want.vendor, vendordomains.OfVendor(host), host)
		assert.Equal(t, want.api, vendordomains.OfAPI(host), host)
	}
}

func TestZoneOfAHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"api-at-vie-1.exoscale.com":      "at-vie-1",
		"API-ch-gva-2.Exoscale.com.:443": "ch-gva-2",
		"api.exoscale.com":               "",
		"ppapi-ch-gva-2.exoscale.com":    "",
		"127.0.0.1:8080":                 "",
	} {
		zone, ok := vendordomains.Zone(host)
		assert.Equal(t, want != "", ok, host)
		if ok {
			assert.Equal(t, want, zone, host)
		}
	}
}
