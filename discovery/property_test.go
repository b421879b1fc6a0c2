package discovery_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/exopool/exopool/discovery"
)

// mayLack is how many refreshes in a row may pass before the word of a list
// alone takes a target away.
const mayLack = 3

// A model is what must be in the file, from the point of view of the cloud.
type model struct {
	cloud *cloud
	file  string
	last  string          // content after the last good refresh; empty: none
	ever  map[string]bool // targets there have been
	// lacking counts good refreshes in a row whose list lacked a target, since
	// the start of the program.
	lacking map[string]int
}

// refreshed checks the file after a good refresh.
func (m *model) refreshed(t *rapid.T) {
	m.last = mustRead(t, m.file)
	now := targetsIn(t, m.last)
	require.True(t, slices.IsSorted(now) && len(slices.Compact(slices.Clone(now))) == len(now), "each once: %v", now)
	c := m.cloud
	listed, whole := map[string]bool{}, true
	for _, member := range c.members {
		at := member.IPv4.String() + ":9100"
		m.ever[at] = true
		whole = whole && !c.hidden[member.ID]
		if !c.hidden[member.ID] {
			listed[at] = true
			require.Contains(t, now, at, "a listed member is a target")
		}
	}
	if whole && c.pools["web"].Size == len(c.members) {
		require.Len(t, now, len(c.members), "a whole list that the pool confirms is accepted at once")
	}
	for _, at := range now {
		require.True(t, m.ever[at], "%s was never a member", at)
	}
	for at := range m.ever {
		switch {
		case listed[at]:
			m.lacking[at] = 0
		default:
			m.lacking[at]++
			require.False(t, m.lacking[at] > mayLack && slices.Contains(now, at), "%s is gone long since", at)
		}
	}
}

// Whatever happens to the pool, to the API, to its lists and to the program:
// the file is complete valid JSON, no failure or restart changes it, no member
// leaves it unless all lists lack it, and no other target stays.
func TestFileFollowsThePoolWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "discovery")
		require.NoError(t, err)
		defer os.RemoveAll(dir)
		c := newCloud().grow("web", "192.0.2.1")
		c.sizeOnly = rapid.Bool().Draw(t, "sizeOnly")
		cfg := discovery.Config{
			Lister: c, Backends: c, Pools: []string{"web"}, File: filepath.Join(dir, "config.json"),
			Labels: rapid.Bool().Draw(t, "labels"),
		}
		m := &model{cloud: c, file: cfg.File, ever: map[string]bool{}, lacking: map[string]int{}}
		restart := func() *discovery.Agent {
			clear(m.lacking)
			agent, err := discovery.New(cfg)
			require.NoError(t, err)
			return agent
		}
		agent, next := restart(), 2
		methods := rapid.SampledFrom([]string{"Instances", "Pool", "Backends"})
		t.Repeat(map[string]func(*rapid.T){
			"grow": func(*rapid.T) {
				c.grow("web", fmt.Sprintf("10.0.%d.%d", next/200, 1+next%200))
				next++
			},
			"shrink": func(*rapid.T) {
				if len(c.members) > 0 {
					c.leave(1)
				}
			},
			"kill": func(*rapid.T) { // without a replacement
				if len(c.members) > 0 {
					c.kill()
				}
			},
			"resize": func(*rapid.T) {
				pool := c.pools["web"]
				pool.Size = len(c.members)
				c.pools["web"] = pool
			},
			"list lacks some": func(t *rapid.T) {
				clear(c.hidden)
				for _, member := range c.members {
					c.hidden[member.ID] = rapid.Bool().Draw(t, "hidden")
				}
			},
			"list is whole": func(*rapid.T) { clear(c.hidden) },
			"break":         func(t *rapid.T) { c.fail(methods.Draw(t, "method"), errors.New("down")) },
			"mend":          func(t *rapid.T) { c.fail(methods.Draw(t, "method"), nil) },
			"restart":       func(*rapid.T) { agent = restart() },
			"refresh": func(t *rapid.T) {
				before := maps.Clone(c.calls)
				was := targetsIn(t, m.last)
				err := agent.RunOnce(t.Context())
				require.Equal(t, 1, c.calls["Instances"]-before["Instances"])
				require.LessOrEqual(t, c.calls["Pool"]-before["Pool"], 1)
				if err != nil {
					return
				}
				m.refreshed(t)
				for _, member := range c.members {
					if at := member.IPv4.String() + ":9100"; slices.Contains(was, at) && m.lacking[at] <= mayLack {
						require.Contains(t, targetsIn(t, m.last), at, "a member that lists lacked %d times", m.lacking[at])
					}
				}
			},
			"": func(t *rapid.T) {
				if m.last == "" {
					require.NoFileExists(t, cfg.File)
					return
				}
				require.Equal(t, m.last, mustRead(t, cfg.File))
			},
		})
	})
}

func mustRead(t *rapid.T, path string) string {
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(content)
}

func targetsIn(t *rapid.T, content string) []string {
	if content == "" {
		return nil
	}
	var groups []struct{ Targets []string }
	require.NoError(t, json.Unmarshal([]byte(content), &groups))
	all := []string{}
	for _, g := range groups {
		all = append(all, g.Targets...)
	}
	slices.Sort(all)
	return all
}
