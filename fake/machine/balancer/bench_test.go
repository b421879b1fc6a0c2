package balancer_test

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

// BenchmarkBalancerConnection is one connection through the balancer with one
// byte each way.
func BenchmarkBalancerConnection(b *testing.B) {
	lb := newBalancers(b)
	address := addressOf(lb.Instances, 0)
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: address.AsSlice(), Port: targetPort})
	require.NoError(b, err)
	defer l.Close()
	go func() {
		for {
			conn, err := l.AcceptTCP()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				var one [1]byte
				if _, err := conn.Read(one[:]); err == nil {
					_, _ = conn.Write(one[:])
				}
			}()
		}
	}()
	want := spec(lb, &backend{id: "id-0", address: address})
	want.Services[0].Healthcheck = driverapi.Healthcheck{Mode: "tcp", Port: targetPort, Interval: 300, Timeout: 60, Retries: 20}
	require.NoError(b, lb.Balance(want))
	require.Eventually(b, func() bool { return len(lb.Health("lb", "svc")) > 0 }, timeout, time.Millisecond)
	at, _ := lb.Endpoint("lb", servicePort)

	b.ReportAllocs()
	for b.Loop() {
		conn, err := net.DialTCP("tcp4", nil, net.TCPAddrFromAddrPort(at))
		if err != nil {
			b.Fatal(err)
		}
		var one [1]byte
		if _, err := conn.Write(one[:]); err != nil {
			b.Fatal(err)
		}
		if _, err := conn.Read(one[:]); err != nil {
			b.Fatal(err)
		}
		_ = conn.SetLinger(0) // leaves no port in TIME_WAIT
		conn.Close()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "conn/s")
}
