package e2e_test

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

const (
	// memberSpeed is that of what surrounds the machines, health checks included.
	memberSpeed = 4
	// startTimeout is more than a member needs until it serves, and soonTimeout
	// may be less: one that serves after that has failed for a while.
	startTimeout, soonTimeout = 3 * time.Minute, time.Minute
)

// TestMembersThatBootAreReplaced holds the autoscaler, on the monitoring machine and
// with the key that it has there, to what docs/members.md promises of members
// that die, that never become healthy, and that are outdated, and to what draining
// is for.
func TestMembersThatBootAreReplaced(t *testing.T) {
	tools := open(t)
	network := bootingNetwork{prefix: "exopoolmem", addresses: "198.19.48.0/20"}
	network.config(t, slog.New(slog.DiscardHandler)) // skips
	t.Parallel()
	c, said := newBootingCloud(t, network, memberSpeed, nil)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of the cloud:\n%s", said)
		}
	})
	signer := c.registerKey(t, "operator")
	key, secret := c.Credential()
	i := prepare(t, tools, key, secret, c.environ, map[string]any{
		"provision": false, "minimum": 2, "maximum": 4, "ssh_key": "operator",
	})
	terraform.Apply(t, i.options)
	t.Logf("members are healthy after %s", await(t, 5*time.Minute, func() bool { return c.healthy(2) }, "members are healthy"))
	o := newOperator(t, c, i, signer)
	url := c.application(t) + "/health"

	t.Run("one whose application has died is replaced", func(t *testing.T) {
		s := o.start(t, draining+"-min 2 -max 4 -repair-after 10s -start-timeout", startTimeout.String())
		s.awaitServing(t, 2)
		dead := c.newestMember(t)
		o.killApplication(t, dead)
		t.Logf("unhealthy after %s", c.awaitHealth(t, dead, driverapi.HealthFailure))
		kept, others := startVisits(t, url, true), startVisits(t, url, false)
		d := s.awaitReason(t, autoscale.ReasonRepair)
		require.Len(t, d.Victims, 1)
		assert.Equal(t, dead.ID, d.Victims[0].ID)
		assert.Equal(t, "unhealthy", d.Victims[0].Why)
		s.awaitServing(t, 2)
		assert.NotEqual(t, dead.ID, c.newestMember(t).ID)
		assert.Empty(t, kept.end(t), "requests on connections that are kept fail")
		assert.Empty(t, others.end(t), "requests fail")
	})
	t.Run("those that never become healthy blow the fuse", func(t *testing.T) {
		i.options.Vars["application_image"] = "docker.io/exopool/no-such-image:1"
		terraform.Apply(t, i.options)
		s := o.start(t, draining+"-min 2 -max 4 -repair-after never -failed-starts 2 -start-timeout", soonTimeout.String())
		for range 2 {
			s.post(t, "/up")
			s.awaitReason(t, autoscale.ReasonStepUp)
		}
		i.options.Vars["application_image"] = "janoszen/http-load-generator:1.0.0" // too late for them
		terraform.Apply(t, i.options)
		s.await(t, settleTime, "the fuse blows", func(d autoscale.Decision) bool { return d.FuseBlown })
		for range 2 { // make room
			s.post(t, "/down")
			d := s.awaitReason(t, autoscale.ReasonStepDown)
			require.Len(t, d.Victims, 1)
			assert.Equal(t, "failed", d.Victims[0].Why)
		}
		s.post(t, "/up")
		s.awaitReason(t, autoscale.ReasonFuseBlown)
		require.Equal(t, 2, c.Pools()[0].Size)
		s.post(t, "/resume")
		s.awaitReason(t, autoscale.ReasonStepUp)
		s.awaitServing(t, 3)
	})
	t.Run("those that are outdated are replaced one by one", func(t *testing.T) {
		before := c.Pools()[0].Members
		kept, others := startVisits(t, url, true), startVisits(t, url, false)
		s := o.start(t, draining+"-min 2 -max 4 -rolling-change -start-timeout", startTimeout.String())
		s.await(t, time.Minute, "all members serve, two are outdated", func(d autoscale.Decision) bool {
			return d.Conditions.Serving == 3 && d.Outdated == 2
		})
		s.await(t, 4*startTimeout, "no member is outdated", func(d autoscale.Decision) bool {
			assert.GreaterOrEqual(t, d.Conditions.Serving, 3, "turn %d", d.Turn)
			assert.LessOrEqual(t, d.Members, 4, "turn %d", d.Turn)
			return d.Outdated == 0 && d.Members == 3
		})
		after := c.Pools()[0].Members
		assert.Equal(t, before[2], after[0], "the one that was up to date is still there")
		assert.Len(t, after, 3)
		assert.NotContains(t, after, before[0])
		assert.NotContains(t, after, before[1])
		assert.Empty(t, kept.end(t), "requests on connections that are kept fail")
		assert.Empty(t, others.end(t), "requests fail")
	})
	t.Run("without draining, requests are lost", func(t *testing.T) {
		s := o.start(t, "-min 1 -max 4 -start-timeout", startTimeout.String())
		s.await(t, settleTime, "all members serve", func(d autoscale.Decision) bool { return d.Conditions.Serving == d.Size })
		kept, others := startVisits(t, url, true), startVisits(t, url, false)
		s.post(t, "/down")
		s.awaitReason(t, autoscale.ReasonStepDown)
		s.await(t, time.Minute, "one turn more", func(autoscale.Decision) bool { return true })
		assert.NotEmpty(t, slices.Concat(kept.end(t), others.end(t)), "requests fail")
	})
	terraform.Destroy(t, i.options)
}

// newestMember returns the member that was made last.
func (c *cloud) newestMember(t *testing.T) exoapi.InstanceInfo {
	t.Helper()
	members := c.Pools()[0].Members
	require.NotEmpty(t, members)
	i := slices.IndexFunc(c.Instances(), func(i exoapi.InstanceInfo) bool { return i.ID == members[len(members)-1] })
	return c.Instances()[i]
}
