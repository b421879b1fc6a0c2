package discovery_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/exopool/exopool/discovery"
)

// Whatever happens to the pool, to the API and to the program: the file is
// complete valid JSON, it holds the members of the last good refresh, and no
// failure or restart changes it.
func TestFileHoldsTheLastGoodRefreshWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "discovery")
		require.NoError(t, err)
		defer os.RemoveAll(dir)
		c := newCloud().grow("web", "192.0.2.1")
		conf := discovery.Config{
			Lister: c, Backends: c, Pools: []string{"web"}, File: filepath.Join(dir, "config.json"),
			Labels: rapid.Bool().Draw(t, "labels"),
		}
		restart := func() *discovery.Agent {
			agent, err := discovery.New(conf)
			require.NoError(t, err)
			return agent
		}
		agent, next, last := restart(), 2, ""
		methods := rapid.SampledFrom([]string{"Instances", "Pool", "Backends"})
		t.Repeat(map[string]func(*rapid.T){
			"grow": func(*rapid.T) {
				c.grow("web", fmt.Sprintf("10.0.%d.%d", next/200, 1+next%200))
				next++
			},
			"shrink": func(*rapid.T) {
				if len(c.members) == 0 {
					return
				}
				c.members = c.members[1:]
				pool := c.pools["web"]
				pool.Size--
				c.pools["web"] = pool
			},
			"list forgets": func(*rapid.T) { c.members = nil }, // the size says otherwise
			"remember": func(*rapid.T) {
				pool := c.pools["web"]
				pool.Size = len(c.members)
				c.pools["web"] = pool
			},
			"break":   func(t *rapid.T) { c.fail(methods.Draw(t, "method"), errors.New("down")) },
			"mend":    func(t *rapid.T) { c.fail(methods.Draw(t, "method"), nil) },
			"restart": func(*rapid.T) { agent = restart() },
			"refresh": func(t *rapid.T) {
				if err := agent.RunOnce(t.Context()); err != nil {
					return
				}
				last = mustRead(t, conf.File)
				require.Equal(t, addressesOf(c), targetsIn(t, last))
			},
			"": func(t *rapid.T) {
				if last == "" {
					require.NoFileExists(t, conf.File)
					return
				}
				require.Equal(t, last, mustRead(t, conf.File))
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
	var groups []struct{ Targets []string }
	require.NoError(t, json.Unmarshal([]byte(content), &groups))
	all := []string{}
	for _, g := range groups {
		all = append(all, g.Targets...)
	}
	slices.Sort(all)
	return all
}

func addressesOf(c *cloud) []string {
	all := []string{}
	for _, member := range c.members {
		all = append(all, member.IPv4.String()+":9100")
	}
	slices.Sort(all)
	return all
}
