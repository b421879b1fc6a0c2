package exoapi_test

import (
	"bytes"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// For the race detector: the state is replaced while others call and look.
func TestStatesAreReplacedWhileOthersCall(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, exoapi.Config{Recorder: &record{}, KeepBodies: true})
	call(t, cloud, http.MethodPost, "/v2/anti-affinity-group", `{"name": "a"}`)
	state := save(t, cloud)
	var others sync.WaitGroup
	stop := make(chan struct{})
	for _, act := range []func(){
		func() { call(t, cloud, http.MethodPost, "/v2/load-balancer", `{"name": "web"}`) },
		func() { call(t, cloud, http.MethodGet, "/v2/anti-affinity-group", "") },
		func() {
			cloud.Pools()
			cloud.Instances()
			cloud.Balancers()
			cloud.Inventory()
		},
		func() {
			cloud.SecurityGroups()
			cloud.Operations(5)
			cloud.Metered()
			cloud.Templates()
			cloud.Redact("x")
		},
		func() {
			id, err := cloud.Faults().Add(exoapi.Fault{Name: exoapi.FaultServerErrorAfter, Count: 1})
			assert.NoError(t, err)
			cloud.Faults().Remove(id)
		},
		func() { assert.NoError(t, cloud.Save(new(bytes.Buffer))) },
	} {
		others.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					act()
				}
			}
		})
	}
	for range 5 {
		require.NoError(t, cloud.Load(state))
		require.NoError(t, cloud.Reset())
	}
	close(stop)
	others.Wait()
	require.NoError(t, cloud.Load(state))
	assert.Len(t, cloud.Inventory()["anti-affinity-group"], 1)
}
