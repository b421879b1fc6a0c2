package discovery_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/discovery"
)

const (
	heldTargets = "exopool_discovery_held_targets"
	staleLists  = "exopool_discovery_stale_lists_total"
)

// five is a pool of five members, 192.0.2.1 to 192.0.2.5.
func five() *cloud {
	return newCloud().grow("web", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5")
}

// targets is the content of a file without labels.
func targets(lastOctets ...int) string {
	var quoted []string
	for _, n := range lastOctets {
		quoted = append(quoted, fmt.Sprintf(`"192.0.2.%d:9100"`, n))
	}
	return `[{"targets":[` + strings.Join(quoted, ",") + `],"labels":{}}]` + "\n"
}

func TestPartialListTakesNothingAway(t *testing.T) {
	for name, sizeOnly := range map[string]bool{"the pool lists its members": false, "only the size is known": true} {
		t.Run(name, func(t *testing.T) {
			c := five()
			c.sizeOnly = sizeOnly
			logged := &levels{}
			reg := prometheus.NewPedanticRegistry()
			cfg := config(t, c)
			cfg.Registerer, cfg.Logger = reg, slog.New(logged)
			agent := newAgent(t, cfg)
			require.NoError(t, agent.RunOnce(t.Context()))
			logged.seen = nil

			c.hide(1)
			for range 3 {
				require.NoError(t, agent.RunOnce(t.Context()))
				require.Equal(t, targets(1, 2, 3, 4, 5), read(t, cfg.File))
			}
			assert.Equal(t, []slog.Level{slog.LevelWarn}, logged.seen, "logged once")
			assert.InDelta(t, 4, metric(t, reg, heldTargets, "web"), 0)
			assert.InDelta(t, 3, metric(t, reg, staleLists, "web"), 0)
			assert.InDelta(t, 5, metric(t, reg, "exopool_discovery_targets", "web"), 0)

			c.hide(5)
			require.NoError(t, agent.RunOnce(t.Context()))
			assert.Equal(t, targets(1, 2, 3, 4, 5), read(t, cfg.File))
			assert.Equal(t, []slog.Level{slog.LevelWarn, slog.LevelInfo}, logged.seen, "and its end")
			assert.InDelta(t, 0, metric(t, reg, heldTargets, "web"), 0)
			assert.Equal(t, map[string]int{"Instances": 5, "Pool": 4}, c.calls, "one look at the pool while members are missing")
		})
	}
}

func TestListThatKeepsContradictingThePoolIsAccepted(t *testing.T) {
	c := five()
	logged := &levels{}
	cfg := config(t, c)
	cfg.Logger = slog.New(logged)
	agent := newAgent(t, cfg)
	require.NoError(t, agent.RunOnce(t.Context()))
	logged.seen = nil
	c.hide(2)
	for range 4 {
		assert.Equal(t, targets(1, 2, 3, 4, 5), read(t, cfg.File))
		require.NoError(t, agent.RunOnce(t.Context()))
	}
	assert.Equal(t, targets(1, 2), read(t, cfg.File))
	assert.Equal(t, []slog.Level{slog.LevelWarn, slog.LevelWarn, slog.LevelInfo}, logged.seen,
		"the beginning and the end, and that targets changed")

	c.hide(5)
	require.NoError(t, agent.RunOnce(t.Context()))
	assert.Equal(t, targets(1, 2, 3, 4, 5), read(t, cfg.File), "who is listed again is back at once")
}

func TestListsThatLackOtherMembersEachTimeTakeNothingAway(t *testing.T) {
	c := five()
	cfg := config(t, c)
	agent := newAgent(t, cfg)
	require.NoError(t, agent.RunOnce(t.Context()))
	for i := range 50 {
		c.hide(5)
		for n, member := range c.members {
			c.hidden[member.ID] = n%2 == i%2
		}
		require.NoError(t, agent.RunOnce(t.Context()))
		require.Equal(t, targets(1, 2, 3, 4, 5), read(t, cfg.File))
	}
}

func TestMemberThatIsGoneLeavesWithTheNextRefresh(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*cloud)
		want   string
	}{
		"the pool shrinks": {func(c *cloud) { c.leave(2) }, targets(3, 4, 5)},
		"members are replaced": {func(c *cloud) {
			c.leave(1)
			c.grow("web", "192.0.2.9")
		}, targets(2, 3, 4, 5, 9)},
		"the list says so itself": {func(c *cloud) { c.members[4].Gone = true }, targets(1, 2, 3, 4)},
		"its address is another member's": {func(c *cloud) {
			c.hidden["web-000"] = true
			c.grow("web", "192.0.2.1")
		}, targets(1, 2, 3, 4, 5)},
		"its address is another one": {func(c *cloud) { c.members[0].IPv4 = netip.MustParseAddr("192.0.2.9") }, targets(2, 3, 4, 5, 9)},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := five()
			cfg := config(t, cloud)
			agent := newAgent(t, cfg)
			require.NoError(t, agent.RunOnce(t.Context()))
			c.change(cloud)
			require.NoError(t, agent.RunOnce(t.Context()))
			assert.Equal(t, c.want, read(t, cfg.File))
			assert.Equal(t, 2, cloud.count("Instances"))
			assert.LessOrEqual(t, cloud.count("Pool"), 2)
		})
	}
}

// A member that is killed is missing from list and pool alike, while the size
// stays until the pool has replaced it, which a quota may prevent for ever.
func TestMemberThatIsNotReplacedLeavesInTime(t *testing.T) {
	for _, interval := range []time.Duration{10 * time.Second, time.Minute} {
		t.Run(interval.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := five()
				cfg := config(t, c)
				cfg.Interval = interval
				stop, _ := run(t, c, cfg)
				synctest.Wait()
				c.kill()
				time.Sleep(interval + 15*time.Second)
				assert.Equal(t, targets(1, 2, 3, 4, 5), read(t, cfg.File), "it is not accepted at once")
				time.Sleep(2*time.Minute - interval - 15*time.Second)
				assert.Equal(t, targets(2, 3, 4, 5), read(t, cfg.File), "within 2 minutes")
				stop()
			})
		})
	}
}

func TestMemberWhoseAddressIsMissingKeepsItForAWhile(t *testing.T) {
	c := five()
	cfg := config(t, c)
	agent := newAgent(t, cfg)
	require.NoError(t, agent.RunOnce(t.Context()))
	c.members[0].IPv4 = netip.Addr{}
	for range 4 {
		assert.Equal(t, targets(1, 2, 3, 4, 5), read(t, cfg.File))
		require.NoError(t, agent.RunOnce(t.Context()))
	}
	assert.Equal(t, targets(2, 3, 4, 5), read(t, cfg.File))
}

func TestMemberListedTwiceIsOne(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.1", "192.0.2.2")
	cfg := config(t, c)
	agent := newAgent(t, cfg)
	require.NoError(t, agent.RunOnce(t.Context()))
	again := c.members[0]
	again.IPv4 = netip.MustParseAddr("192.0.2.0")
	c.members = append(c.members[:1], c.members[0], again)
	require.NoError(t, agent.RunOnce(t.Context()))
	assert.Equal(t, targets(1, 2), read(t, cfg.File), "it does not stand for the one that is missing")
}

func TestPartialListAfterARestartTakesNothingAway(t *testing.T) {
	c := five()
	cfg := config(t, c)
	require.NoError(t, newAgent(t, cfg).RunOnce(t.Context()))
	c.hide(1)
	reg := prometheus.NewPedanticRegistry()
	cfg.Registerer = reg
	agent := newAgent(t, cfg)
	for range 3 {
		require.NoError(t, agent.RunOnce(t.Context()))
		require.Equal(t, targets(1, 2, 3, 4, 5), read(t, cfg.File))
		assert.InDelta(t, 4, metric(t, reg, heldTargets, "web"), 0)
	}
	require.NoError(t, agent.RunOnce(t.Context()))
	assert.Equal(t, targets(1), read(t, cfg.File), "accepted in the end")
	assert.InDelta(t, 0, metric(t, reg, heldTargets), 0)
}

func TestMembersThatLeftDuringARestartLeaveWithTheFirstRefresh(t *testing.T) {
	c := five()
	cfg := config(t, c)
	require.NoError(t, newAgent(t, cfg).RunOnce(t.Context()))
	c.leave(3)
	require.NoError(t, newAgent(t, cfg).RunOnce(t.Context()))
	assert.Equal(t, targets(4, 5), read(t, cfg.File))
}

func TestFailureOfOnePoolDoesNotDelayOthers(t *testing.T) {
	for name, spoil := range map[string]func(*cloud){
		"it is gone": func(c *cloud) {
			c.members = c.members[:1]
			delete(c.pools, "db")
		},
		"it lists no member, though its size is one": func(c *cloud) { c.members = c.members[:1] },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud().grow("web", "192.0.2.1").grow("db", "192.0.2.2")
			cfg := config(t, c)
			cfg.Pools = []string{"web", "db"}
			agent := newAgent(t, cfg)
			require.NoError(t, agent.RunOnce(t.Context()))
			spoil(c)
			c.grow("web", "192.0.2.3")
			require.Error(t, agent.RunOnce(t.Context()))
			assert.Equal(t, targets(1, 2, 3), read(t, cfg.File))

			require.Error(t, newAgent(t, cfg).RunOnce(t.Context()))
			assert.Equal(t, targets(1, 2, 3), read(t, cfg.File), "nor does a restart take it away")
		})
	}
}

func TestNameThatIsNotFoundDoesNotDelayOthers(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.1")
	cfg := config(t, c)
	cfg.Pools, cfg.Resolver = []string{"typo", "the web"}, c
	err := newAgent(t, cfg).RunOnce(t.Context())
	require.ErrorIs(t, err, discovery.ErrPoolNotFound)
	assert.Equal(t, targets(1), read(t, cfg.File))
}

// The provider answers, so others are refreshed as often as ever, and the log
// is not flooded.
func TestFailureOfOnePoolDoesNotSlowDownOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud().grow("web", "192.0.2.1")
		logged := &levels{}
		cfg := config(t, c)
		cfg.Pools, cfg.Logger = []string{"web", "db"}, slog.New(logged)
		stop, times := run(t, c, cfg)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		assert.Greater(t, len(times()), 50)
		stop()
		assert.LessOrEqual(t, len(logged.seen), 12, "the failure at most once a minute, and the first targets")
	})
}

func TestPoolThatCannotBeReadKeepsMembersThatAreMissing(t *testing.T) {
	c := five()
	cfg := config(t, c)
	agent := newAgent(t, cfg)
	require.NoError(t, agent.RunOnce(t.Context()))
	c.fail("Pool", errors.New("down"))
	c.hide(1)
	for range 20 {
		require.Error(t, agent.RunOnce(t.Context()))
	}
	assert.Equal(t, targets(1, 2, 3, 4, 5), read(t, cfg.File), "an outage is no answer")
}
