package grafana_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/discovery"
)

const poolID = "5bafe1cb-0b36-4bd5-a5a6-0c5a7dd57b6b"

// A fleet is the members of a pool, as far as discovery and Prometheus see
// them: each has its own address and exposes the time of one CPU.
type fleet struct {
	port int

	mu      sync.Mutex
	members []*exporter
	gone    bool // from the list of the provider
}

var _ discovery.Lister = (*fleet)(nil)

// fleets counts those of this program, for addresses of their own.
var fleets atomic.Int32

func newFleet(t *testing.T, size int, use float64) *fleet {
	t.Helper()
	f := &fleet{}
	for i := range size {
		m := &exporter{use: use, since: time.Now()}
		address := netip.AddrFrom4([4]byte{127, byte(130 + os.Getpid()%100), byte(fleets.Add(1)), byte(i + 1)})
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(address.String(), strconv.Itoa(f.port)))
		require.NoError(t, err)
		if f.port == 0 {
			tcp, ok := l.Addr().(*net.TCPAddr)
			require.True(t, ok)
			f.port = tcp.Port
		}
		m.address = address
		server := &httptest.Server{Listener: l, Config: &http.Server{Handler: m, ReadHeaderTimeout: time.Second}}
		server.Start()
		t.Cleanup(server.Close)
		f.members = append(f.members, m)
	}
	return f
}

// load sets the CPU use of all members, from 0 to 1.
func (f *fleet) load(use float64) {
	for _, m := range f.members {
		m.load(use)
	}
}

// leave takes all members from the list.
func (f *fleet) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone = true
}

// Instances implements [discovery.Lister].
func (f *fleet) Instances(context.Context, []string) ([]discovery.Instance, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return nil, nil
	}
	var list []discovery.Instance
	for i, m := range f.members {
		list = append(list, discovery.Instance{
			ID: fmt.Sprint(i), Name: fmt.Sprint("web-", i), PoolID: poolID, State: "running", IPv4: m.address,
		})
	}
	return list, nil
}

// Pool implements [discovery.Lister].
func (f *fleet) Pool(context.Context, string) (discovery.Pool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	pool := discovery.Pool{ID: poolID, Name: "web", State: "running"}
	if !f.gone {
		pool.Size = len(f.members)
	}
	return pool, nil
}

// An exporter exposes the CPU time of one member.
type exporter struct {
	address netip.Addr

	mu         sync.Mutex
	use        float64 // share of the CPU that is busy, 0 to 1
	since      time.Time
	busy, idle float64 // seconds
}

func (e *exporter) load(use float64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.advance()
	e.use = use
}

func (e *exporter) advance() {
	now := time.Now()
	passed := now.Sub(e.since).Seconds()
	e.busy += passed * e.use
	e.idle += passed * (1 - e.use)
	e.since = now
}

// ServeHTTP implements [http.Handler].
func (e *exporter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.advance()
	fmt.Fprintf(w, "# TYPE node_cpu_seconds_total counter\n"+
		"node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} %f\n"+
		"node_cpu_seconds_total{cpu=\"0\",mode=\"system\"} %f\n"+
		"node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} %f\n", e.busy*2/3, e.busy/3, e.idle)
}
