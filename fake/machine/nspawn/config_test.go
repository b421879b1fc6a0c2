package nspawn_test

import (
	"log/slog"
	"net/netip"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/fake/machine/nspawn/dnsserver"
	"github.com/exopool/exopool/fake/vendordomains"
)

func TestConfigIsValidated(t *testing.T) {
	logger := slog.New(slog.DiscardHandler)
	for want, cfg := range map[string]nspawn.Config{
		"no logger given":                       {},
		"CPU 0.001: must be":                    {Logger: logger, CPU: 0.001},
		"boot CPU 0.001: must be":               {Logger: logger, BootCPU: 0.001},
		"speed -1: must be":                     {Logger: logger, Speed: -1},
		"grace -1ns: must be":                   {Logger: logger, Grace: -1},
		"directory /a:b: must be":               {Logger: logger, Dir: "/a:b"},
		`stand-in "arch" for template "x"`:      {Logger: logger, StandIns: map[string]string{"x": "arch"}},
		"directory /a,b: must be":               {Logger: logger, Cache: "/a,b"},
		"speed -1: must be positive\ndirectory": {Logger: logger, Speed: -1, Dir: "/a:b"},
	} {
		_, err := nspawn.WithDefaults(cfg)
		assert.ErrorContains(t, err, want)
	}
}

func TestTypesGetTheirShareOfTheHost(t *testing.T) {
	cfg, err := nspawn.WithDefaults(nspawn.Config{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	assert.InDelta(t, 0.25, nspawn.Share(cfg, 1), 0, "micro")
	assert.InDelta(t, 0.5, nspawn.Share(cfg, 2), 0, "small")
	cfg.CPU = 0.5
	assert.InDelta(t, 2, nspawn.Share(cfg, 4), 0, "large")
}

func TestUnmetRequirementsSayWhatToDo(t *testing.T) {
	require.NoError(t, nspawn.Unmet([]nspawn.Requirement{{Name: "root"}}))
	err := nspawn.Unmet([]nspawn.Requirement{
		{Name: "root"},
		{Name: "mmdebstrap", Problem: "not found", Remedy: "install the package mmdebstrap"},
	})
	require.EqualError(t, err, "mmdebstrap: not found (install the package mmdebstrap)")
}

func TestNamesOfTheVendorLeadMachinesToTheGateway(t *testing.T) {
	gateway, metadata := netip.MustParseAddr("198.18.192.1"), netip.MustParseAddr("169.254.169.254")
	mirror := netip.MustParseAddr("198.18.192.9")
	cfg := nspawn.Config{Hosts: map[string]netip.Addr{"apt.grafana.com": {}, "deb.example.test": mirror}}
	server, err := dnsserver.New(dnsserver.Config{Logger: slog.New(slog.DiscardHandler), Hosts: nspawn.Hosts(cfg, gateway, metadata)})
	require.NoError(t, err)
	want := map[string]netip.Addr{
		"metadata.exoscale.com": metadata, "apt.grafana.com": gateway, "deb.example.test": mirror,
		"api-at-vie-1.exoscale.com": gateway, "bucket.sos-at-vie-1.exo.io": gateway,
	}
	for _, domain := range vendordomains.All() {
		want[domain], want["a.b."+domain] = gateway, gateway
	}
	for name, address := range want {
		answer := server.Answer(t.Context(), new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.TypeA), "udp")
		if assert.Len(t, answer.Answer, 1, name) {
			assert.Equal(t, address.String(), answer.Answer[0].(*dns.A).A.String(), name)
		}
		for _, kind := range []uint16{dns.TypeAAAA, dns.TypeHTTPS} {
			answer = server.Answer(t.Context(), new(dns.Msg).SetQuestion(dns.Fqdn(name), kind), "udp")
			assert.Equal(t, dns.RcodeSuccess, answer.Rcode, name)
			assert.Empty(t, answer.Answer, "nor another way there")
		}
	}
}
