package process_test

import (
	"net"
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/process"
)

// occupy holds a port on an address until the test ends.
func occupy(t *testing.T, a, b, host byte, port uint16) {
	t.Helper()
	l, err := net.Listen("tcp4", netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, a, b, host}), port).String())
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
}

func TestStandInServesForAPortThatCannotBeHad(t *testing.T) {
	// A network that no test run beside this one has. The driver tries ports on
	// the last address of each half; a program that holds them on all addresses
	// holds them there too.
	a, b := byte(130+os.Getpid()%100), byte(os.Getpid()/100)
	occupy(t, a, b, 126, process.LoadPort)
	occupy(t, a, b, 254, 4080)
	driver := newDriver(t, func(cfg *process.Config) {
		cfg.Network = netip.PrefixFrom(netip.AddrFrom4([4]byte{127, a, b, 0}), 24)
	})
	assert.Equal(t, 18080, driver.PortFor(process.LoadPort))
	assert.Equal(t, process.ExporterPort, driver.PortFor(process.ExporterPort))
	assert.Equal(t, 443, driver.PortFor(443), "nothing decided")

	m := start(t, driver, 1)[0]
	lb := front(driver, m)
	lb.Services[0].Port = 4080
	require.NoError(t, driver.Balance(lb))
	awaitMembers(t, driver, driverapi.HealthSuccess, m)
	at, ok := driver.Endpoint("lb", 4080)
	require.True(t, ok)
	assert.Equal(t, netip.AddrPortFrom(lb.Address, 14080), at)
	body, err := fetch(t.Context(), "http://"+at.String()+"/health")
	require.NoError(t, err)
	assert.Equal(t, "OK", body)
}
