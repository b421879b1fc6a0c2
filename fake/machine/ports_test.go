package machine_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine"
)

// occupy holds a port on the addresses on which the driver tries ports, as a
// program would that holds it on all addresses.
func occupy(t *testing.T, ports map[string]int) {
	t.Helper()
	for address, port := range ports {
		l, err := net.Listen("tcp4", netip.AddrPortFrom(netip.MustParseAddr(address), uint16(port)).String())
		require.NoError(t, err)
		t.Cleanup(func() { l.Close() })
	}
}

func TestStandInServesForAPortThatCannotBeHad(t *testing.T) {
	occupy(t, map[string]int{"127.199.0.126": machine.LoadPort, "127.199.0.254": 4080})
	driver := newDriver(t, func(cfg *machine.ProcessConfig) {
		cfg.Network = netip.MustParsePrefix("127.199.0.0/24")
	})
	assert.Equal(t, 18080, driver.PortFor(machine.LoadPort))
	assert.Equal(t, machine.ExporterPort, driver.PortFor(machine.ExporterPort))
	assert.Equal(t, 443, driver.PortFor(443), "nothing decided")

	m := start(t, driver, 1)[0]
	lb := front(driver, m)
	lb.Services[0].Port = 4080
	require.NoError(t, driver.Balance(lb))
	awaitMembers(t, driver, exoapi.HealthSuccess, m)
	at, ok := driver.Endpoint("lb", 4080)
	require.True(t, ok)
	assert.Equal(t, netip.AddrPortFrom(lb.Address, 14080), at)
	body, err := fetch(t.Context(), "http://"+at.String()+"/health")
	require.NoError(t, err)
	assert.Equal(t, "OK", body)
}
