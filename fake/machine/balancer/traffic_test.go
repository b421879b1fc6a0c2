package balancer_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

func TestConnectionsAreCounted(t *testing.T) {
	t.Parallel()
	lb := newBalancers(t)
	list := newBackends(t, lb, 2)
	require.NoError(t, lb.Balance(spec(lb, list...)))
	awaitHealth(t, lb, driverapi.HealthSuccess, list...)
	assert.Equal(t, driverapi.Traffic{ByMachine: map[string]int{"id-0": 0, "id-1": 0}}, lb.Traffic("lb", "svc"))
	conn := dial(t, lb)
	_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	_, err = conn.Read(make([]byte, 1))
	require.NoError(t, err)
	traffic := lb.Traffic("lb", "svc")
	assert.Equal(t, 1, traffic.Open)
	assert.Equal(t, 1, traffic.ByMachine["id-0"]+traffic.ByMachine["id-1"])
	require.NoError(t, conn.Close())
	eventually(t, func() bool { return lb.Traffic("lb", "svc").Open == 0 }, "the connection is still open")

	for _, b := range list {
		b.sick.Store(true)
	}
	awaitHealth(t, lb, driverapi.HealthFailure, list...)
	_, err = through(t, lb)
	require.Error(t, err)
	eventually(t, func() bool { return lb.Traffic("lb", "svc").Open == 0 }, "the connection is still open")
	traffic = lb.Traffic("lb", "svc")
	assert.Equal(t, 1, traffic.Refused)
	assert.Equal(t, 2, traffic.Total)
	assert.Zero(t, lb.Traffic("lb", "no such service"))
}
