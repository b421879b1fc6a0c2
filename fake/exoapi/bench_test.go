package exoapi_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/exoscale/egoscale/v2/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// A manualClock stands still until it is moved.
type manualClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *manualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *manualClock) After(time.Duration) <-chan time.Time { return nil }

func (c *manualClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A workload is a pool that is called over and over.
type workload struct {
	cloud  *exoapi.Cloud
	clock  *manualClock
	signer *api.SecurityProviderExoscale
	pool   string
}

func newWorkload(tb testing.TB, members int) *workload {
	tb.Helper()
	clock := &manualClock{now: time.Now()}
	cloud := newCloud(tb, exoapi.Config{
		Clock: clock, Quotas: map[string]int{"instance": -1}, Seed: 1,
	})
	key, secret := cloud.Credential()
	signer, err := api.NewSecurityProvider(key, secret)
	require.NoError(tb, err)
	// The signer uses the host's clock, which the cloud's leaves far
	// behind: let signatures outlive any number of rounds.
	signer.ReqExpire = 100 * 365 * 24 * time.Hour
	w := &workload{cloud: cloud, clock: clock, signer: signer}
	template := call(tb, cloud, http.MethodGet, "/v2/template", "").body["templates"].([]any)[0].(map[string]any)["id"]
	op := call(tb, cloud, http.MethodPost, "/v2/instance-pool", fmt.Sprintf(
		`{"name":"web","size":%d,"disk-size":10,"instance-type":{"id":%q},"template":{"id":%q}}`,
		members, microID, template))
	w.pool = op.body["reference"].(map[string]any)["id"].(string)
	clock.advance(time.Minute)
	require.Equal(tb, "running", cloud.Pools()[0].State)
	return w
}

// do makes one signed call and returns the length of its answer.
func (w *workload) do(tb testing.TB, method, path, body string) int64 {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, "http://127.0.0.1"+path, strings.NewReader(body))
	require.NoError(tb, err)
	require.NoError(tb, w.signer.Intercept(tb.Context(), req))
	resp, err := w.cloud.Transport().RoundTrip(req)
	require.NoError(tb, err)
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	require.NoError(tb, err)
	require.Equal(tb, http.StatusOK, resp.StatusCode)
	return n
}

func (w *workload) list(tb testing.TB) int64 {
	tb.Helper()
	return w.do(tb, http.MethodGet, "/v2/instance?manager-id="+w.pool+"&manager-type=instance-pool", "")
}

func (w *workload) scale(tb testing.TB, size int) {
	tb.Helper()
	w.do(tb, http.MethodPut, "/v2/instance-pool/"+w.pool+":scale", fmt.Sprintf(`{"size":%d}`, size))
}

func BenchmarkSignedListOfAPool(b *testing.B) {
	for _, members := range []int{10, 1000, 10000} {
		b.Run(fmt.Sprintf("members=%d", members), func(b *testing.B) {
			w := newWorkload(b, members)
			b.ReportAllocs()
			for b.Loop() {
				b.SetBytes(w.list(b))
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
		})
	}
}

// BenchmarkSignedGetWithARestrictedKey shows what policies cost.
func BenchmarkSignedGetWithARestrictedKey(b *testing.B) {
	w := newWorkload(b, 1)
	path := "/v2/instance-pool/" + w.pool
	b.Run("owner", func(b *testing.B) {
		for b.Loop() {
			w.do(b, http.MethodGet, path, "")
		}
	})
	policy := ruled("deny", "operation in ['create-instance', 'delete-instance']",
		"allow", "operation == 'get-instance-pool' && resources.instance_pool.name == 'web'")
	role := call(b, w.cloud, http.MethodPost, "/v2/iam-role", `{"name":"r","policy":`+policy+`}`)
	key := call(b, w.cloud, http.MethodPost, "/v2/api-key",
		fmt.Sprintf(`{"name":"k","role-id":%q}`, role.body["reference"].(map[string]any)["id"])).body
	signer, err := api.NewSecurityProvider(key["key"].(string), key["secret"].(string))
	require.NoError(b, err)
	signer.ReqExpire = w.signer.ReqExpire
	w.signer = signer
	b.Run("restricted", func(b *testing.B) {
		for b.Loop() {
			w.do(b, http.MethodGet, path, "")
		}
	})
}

func BenchmarkSignedScaleByOne(b *testing.B) {
	w := newWorkload(b, 1000)
	b.ReportAllocs()
	size := 1000
	for b.Loop() {
		size = 2001 - size
		w.scale(b, size)
		w.clock.advance(time.Minute)
	}
}

// BenchmarkWeek lets a pool of 1,000 members live a week with an autoscaler
// and a discovery: each minute one resize, one read of the pool, one list.
func BenchmarkWeek(b *testing.B) {
	for b.Loop() {
		w := newWorkload(b, 1000)
		for minute := range 7 * 24 * 60 {
			w.scale(b, 1000+minute%2)
			w.clock.advance(time.Minute)
			w.do(b, http.MethodGet, "/v2/instance-pool/"+w.pool, "")
			w.list(b)
		}
	}
}

func TestPoolOfTenThousandMembers(t *testing.T) {
	w := newWorkload(t, 10000)
	w.scale(t, 1)
	w.clock.advance(time.Minute)
	assert.Len(t, w.cloud.Instances(), 1)
	w.scale(t, 10000)
	w.clock.advance(time.Minute)
	assert.Len(t, w.cloud.Pools()[0].Members, 10000)
}
