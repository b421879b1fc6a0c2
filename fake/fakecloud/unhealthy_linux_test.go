package fakecloud_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/process"
)

func TestMemberThatIsNeverHealthyGetsNoRequests(t *testing.T) {
	cloud, _ := start(t, fakecloud.Config{Speed: 50, Machines: fakecloud.Processes(process.Config{Work: time.Millisecond})})
	_, err := cloud.API().Faults().Add(exoapi.Fault{Name: exoapi.FaultMemberNeverHealthy, Operation: "create-instance-pool"})
	require.NoError(t, err)
	pool, err := cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Size: 1})
	require.NoError(t, err)
	balancer, err := cloud.CreateBalancer(t.Context(), fakecloud.Service{Name: "web", Pool: pool, Port: 80, TargetPort: process.LoadPort})
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{DialContext: cloud.DialContext, DisableKeepAlives: true}}
	member := cloud.API().Instances()[0]
	at := netip.AddrPortFrom(member.Address, uint16(cloud.PortFor(process.LoadPort)))
	require.Eventually(t, func() bool { return get(t.Context(), client, "http://"+at.String()+"/load") == nil },
		time.Minute, time.Millisecond, "the member itself answers")
	require.Eventually(t, func() bool {
		problem := cloud.HealthProblems(balancer, cloud.API().Balancers()[0].Services[0].ID)[member.ID]
		return problem == nil || strings.Contains(problem.Error(), "made to fail")
	}, time.Minute, time.Millisecond, "the member is checked")
	assert.Equal(t, driverapi.HealthFailure, cloud.API().Balancers()[0].Services[0].Health[member.ID])
	for range 10 {
		assert.Error(t, get(t.Context(), client, "http://"+cloud.API().Balancers()[0].Address.String()+"/load"))
	}
}
