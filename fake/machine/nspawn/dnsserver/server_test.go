package dnsserver_test

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/exopool/exopool/fake/machine/nspawn/dnsserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newServer(tb testing.TB, hosts map[string]netip.Addr, upstream ...string) *dnsserver.Server {
	tb.Helper()
	s, err := dnsserver.New(dnsserver.Config{Logger: quiet(), Hosts: hosts, Upstream: upstream})
	require.NoError(tb, err)
	return s
}

func cloud() map[string]netip.Addr {
	return map[string]netip.Addr{
		"*.exoscale.com":        netip.MustParseAddr("198.18.192.1"),
		"metadata.exoscale.com": netip.MustParseAddr("169.254.169.254"),
		"apt.grafana.com":       netip.MustParseAddr("198.18.192.9"),
	}
}

// listen takes a port that is free for both protocols: one that is free for UDP
// may be in use for TCP.
func listen(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 100 {
		packets, err := net.ListenPacket("udp4", "127.0.0.1:0")
		require.NoError(t, err)
		connections, err := net.Listen("tcp4", packets.LocalAddr().String())
		if err == nil {
			return packets, connections
		}
		require.ErrorIs(t, err, syscall.EADDRINUSE)
		require.NoError(t, packets.Close())
	}
	require.Fail(t, "no port is free for both UDP and TCP")
	return nil, nil
}

// serve runs a server on a port of the loopback interface until the test ends.
func serve(t *testing.T, s *dnsserver.Server) string {
	t.Helper()
	packets, connections := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, packets, connections) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return packets.LocalAddr().String()
}

func ask(t *testing.T, network, server, name string, kind uint16) *dns.Msg {
	t.Helper()
	client := &dns.Client{Net: network, Timeout: 10 * time.Second}
	answer, _, err := client.Exchange(new(dns.Msg).SetQuestion(dns.Fqdn(name), kind), server)
	require.NoError(t, err)
	return answer
}

func addresses(m *dns.Msg) []string {
	var list []string
	for _, rr := range m.Answer {
		if a, ok := rr.(*dns.A); ok {
			list = append(list, a.A.String())
		}
	}
	return list
}

func TestTheMostPreciseHostCounts(t *testing.T) {
	at := serve(t, newServer(t, cloud()))
	for _, network := range []string{"udp", "tcp"} {
		for name, want := range map[string]string{
			"api-ch-gva-2.exoscale.com": "198.18.192.1",
			"API-ch-gva-2.Exoscale.COM": "198.18.192.1",
			"a.b.exoscale.com":          "198.18.192.1",
			"metadata.exoscale.com":     "169.254.169.254",
			"apt.grafana.com":           "198.18.192.9",
		} {
			answer := ask(t, network, at, name, dns.TypeA)
			assert.Equal(t, dns.RcodeSuccess, answer.Rcode, name)
			assert.Equal(t, []string{want}, addresses(answer), name)
			assert.True(t, answer.Authoritative, name)
		}
	}
}

func TestHostsHaveNothingButAnAddress(t *testing.T) {
	at := serve(t, newServer(t, cloud()))
	for _, kind := range []uint16{dns.TypeAAAA, dns.TypeTXT, dns.TypeMX} {
		answer := ask(t, "udp", at, "api-ch-gva-2.exoscale.com", kind)
		assert.Equal(t, dns.RcodeSuccess, answer.Rcode, "no such record is not no such name")
		assert.Empty(t, answer.Answer)
	}
}

func TestOtherNamesAreAskedOfTheUpstream(t *testing.T) {
	upstream := serve(t, newServer(t, map[string]netip.Addr{"example.org": netip.MustParseAddr("192.0.2.7")}))
	silent, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, silent.Close()) // refuses, as a server that is down
	at := serve(t, newServer(t, cloud(), silent.LocalAddr().String(), upstream))
	for _, network := range []string{"udp", "tcp"} {
		assert.Equal(t, []string{"192.0.2.7"}, addresses(ask(t, network, at, "example.org", dns.TypeA)), "the second server answers")
	}
	// The apex is not below itself.
	assert.Equal(t, dns.RcodeServerFailure, ask(t, "udp", at, "exoscale.com", dns.TypeA).Rcode)
}

func TestWithoutUpstreamOtherNamesFailAtOnce(t *testing.T) {
	answer := ask(t, "udp", serve(t, newServer(t, cloud())), "example.org", dns.TypeA)
	assert.Equal(t, dns.RcodeServerFailure, answer.Rcode)
}

func TestAnswersAreNoQuestions(t *testing.T) {
	s := newServer(t, cloud())
	question := new(dns.Msg).SetQuestion("a.exoscale.com.", dns.TypeA)
	for name, change := range map[string]func(*dns.Msg){
		"an answer":     func(m *dns.Msg) { m.Response = true },
		"an update":     func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate },
		"nothing asked": func(m *dns.Msg) { m.Question = nil },
		"two questions": func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) },
	} {
		m := question.Copy()
		change(m)
		assert.Equal(t, dns.RcodeNotImplemented, s.Answer(t.Context(), m, "udp").Rcode, name)
	}
}

func TestUpstreamIsThatOfTheHost(t *testing.T) {
	file := filepath.Join(t.TempDir(), "resolv.conf")
	require.NoError(t, os.WriteFile(file, []byte("search lan\nnameserver 127.0.0.53\nnameserver fd00::1\noptions edns0\n"), 0o600))
	list, err := dnsserver.Upstream(file)
	require.NoError(t, err)
	assert.Equal(t, []string{"127.0.0.53:53", "[fd00::1]:53"}, list)
	_, err = dnsserver.Upstream(file + "x")
	require.ErrorContains(t, err, "read name servers")
}

func TestHostsAreChecked(t *testing.T) {
	for name, addr := range map[string]string{"x.example": "fd00::1", strings.Repeat("x", 64) + ".example": "192.0.2.1"} {
		_, err := dnsserver.New(dnsserver.Config{Logger: quiet(), Hosts: map[string]netip.Addr{name: netip.MustParseAddr(addr)}})
		require.ErrorContains(t, err, "want a name and an IPv4 address")
	}
	_, err := dnsserver.New(dnsserver.Config{})
	require.ErrorContains(t, err, "no logger given")
}

func TestServerThatLosesItsSocketSaysSo(t *testing.T) {
	packets, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	connections, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, packets.Close())
	require.ErrorContains(t, newServer(t, nil).Serve(t.Context(), packets, connections), "ended early")
}

// FuzzQuestion: whatever arrives and can be read gets an answer to it.
func FuzzQuestion(f *testing.F) {
	for i, name := range []string{"api-ch-gva-2.exoscale.com.", "example.org.", ".", "*.exoscale.com."} {
		m := new(dns.Msg).SetQuestion(name, uint16(i+1))
		m.SetEdns0(4096, true)
		packed, err := m.Pack()
		require.NoError(f, err)
		f.Add(packed)
		f.Add(packed[:len(packed)-i-1])
	}
	s := newServer(f, cloud())
	f.Fuzz(func(t *testing.T, data []byte) {
		question := new(dns.Msg)
		if question.Unpack(data) != nil {
			return // The library answers such ones itself.
		}
		answer := s.Answer(t.Context(), question, "udp")
		if answer.Id != question.Id || !answer.Response {
			t.Fatalf("not an answer to %v: %v", question, answer)
		}
		if _, err := answer.Pack(); err != nil {
			t.Fatalf("answer %v cannot be sent: %v", answer, err)
		}
		for _, rr := range answer.Answer {
			if strings.Contains(rr.String(), "INVALID") || strconv.Itoa(int(rr.Header().Class)) != "1" {
				t.Fatalf("strange record %v", rr)
			}
		}
	})
}
