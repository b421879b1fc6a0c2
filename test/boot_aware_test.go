package test_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/exopool/exopool/terraform/templates"
)

// The members of the pool in these tests, and the one that may boot.
const (
	booted  = "192.0.2.1:9100" // 90 % busy
	booting = "192.0.2.2:9100" // 10 % busy
)

// A promSeries is a series in promtool's notation.
type promSeries struct {
	Series string `yaml:"series"`
	Values string `yaml:"values"`
}

// A promCheck is what a query has to return at a time: the value of the one
// series without labels, or nothing.
type promCheck struct {
	Expr    string       `yaml:"expr"`
	At      string       `yaml:"eval_time"`
	Samples []promSample `yaml:"exp_samples,omitempty"`
}

type promSample struct {
	Labels string  `yaml:"labels"`
	Value  float64 `yaml:"value"`
}

func averageAt(at string, percent float64) promCheck {
	return promCheck{"round(exopool:cpu:percent)", at, []promSample{{"{}", percent}}}
}

func noAverageAt(at string) promCheck { return promCheck{Expr: "exopool:cpu:percent", At: at} }

func cpuOf(instance, busy, idle string) []promSeries {
	name := `node_cpu_seconds_total{job="pool",instance="` + instance + `",mode=`
	return []promSeries{{name + `"user"}`, busy}, {name + `"idle"}`, idle}}
}

func healthyOf(instance, id, values string) promSeries {
	return promSeries{`exopool_discovery_member_healthy{job="discovery",pool="web",instance="` + instance + `",id="` + id + `"}`, values}
}

func createdOf(instance, id, values string) promSeries {
	return promSeries{`exopool_discovery_member_created_timestamp_seconds{job="discovery",pool="web",instance="` + instance + `",id="` + id + `"}`, values}
}

func TestBootAwareSignalLeavesOutMembersThatBoot(t *testing.T) {
	t.Parallel()
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is missing; Debian has it in the package prometheus")
	}
	bootedCPU := cpuOf(booted, "0+4.5x150", "0+0.5x150")
	members := slices.Concat(bootedCPU, cpuOf(booting, "0+0.5x150", "0+4.5x150"))
	for rule, world := range map[string]struct {
		cpu        []promSeries
		discovered []promSeries
		checks     []promCheck
	}{
		"members of which nothing is known count": {
			members, nil, []promCheck{averageAt("10m", 50)},
		},
		"a member counts from the age on": {
			members,
			[]promSeries{createdOf(booted, "a", "0x150"), createdOf(booting, "b", "300x150")},
			[]promCheck{averageAt("6m55s", 90), averageAt("7m", 50)},
		},
		"a member counts once it has been healthy, also while it fails later": {
			members,
			[]promSeries{healthyOf(booted, "a", "1x150"), healthyOf(booting, "b", "0x59 1x11 0x80")},
			[]promCheck{averageAt("4m55s", 90), averageAt("5m30s", 50), averageAt("10m", 50)},
		},
		"a young member does not count though it is healthy": {
			members,
			[]promSeries{healthyOf(booting, "b", "1x150"), createdOf(booting, "b", "500x150")},
			[]promCheck{averageAt("10m", 90)},
		},
		"one that has the address of a healthy one that is gone has to become healthy itself": {
			members,
			[]promSeries{healthyOf(booting, "gone", "1x59 stale"), healthyOf(booting, "b", "_x60 0x60")},
			[]promCheck{averageAt("4m", 50), averageAt("6m", 90)},
		},
		"there is no average while all members boot": {
			bootedCPU,
			[]promSeries{healthyOf(booted, "a", "0x150")},
			[]promCheck{noAverageAt("10m")},
		},
		"when discovery is gone, no member is left out": {
			members,
			[]promSeries{healthyOf(booting, "b", "0x59 stale")},
			[]promCheck{averageAt("4m55s", 90), averageAt("5m5s", 50)},
		},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "signal.yml"), []byte(templates.BootAwareSignal(2*time.Minute)), 0o600))
			text, err := yaml.Marshal(map[string]any{
				"rule_files": []string{"signal.yml"}, "evaluation_interval": "5s",
				"tests": []any{map[string]any{
					"interval": "5s", "input_series": slices.Concat(world.cpu, world.discovered), "promql_expr_test": world.checks,
				}},
			})
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "test.yml"), text, 0o600))
			out, err := exec.CommandContext(t.Context(), promtool, "test", "rules", filepath.Join(dir, "test.yml")).CombinedOutput()
			require.NoError(t, err, "%s\n%s", text, out)
		})
	}
}

// recordings returns the expressions of a file of recording rules, by name.
func recordings(t *testing.T, text []byte) map[string]string {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []struct{ Record, Expr string }
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	recorded := map[string]string{}
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			recorded[rule.Record] = strings.Join(strings.Fields(rule.Expr), " ")
		}
	}
	return recorded
}

func TestBootAwareSignalDiffersInNothingElse(t *testing.T) {
	t.Parallel()
	plain := recordings(t, read(t, "../terraform/files/monitoring/etc/exopool/rules/signal.yml"))
	aware := recordings(t, []byte(templates.BootAwareSignal(2*time.Minute)))
	require.NotEmpty(t, plain)
	for name, expr := range plain {
		if name == "exopool:cpu:percent" {
			assert.NotEqual(t, expr, aware[name])
			continue
		}
		assert.Equal(t, expr, aware[name], name)
	}
	assert.Contains(t, aware["exopool:member_booting:bool"], "< 120")
	assert.Contains(t, recordings(t, []byte(templates.BootAwareSignal(7500*time.Millisecond)))["exopool:member_booting:bool"], "< 7.5")
}

func TestSignalsOfTheDocsAreValidRules(t *testing.T) {
	t.Parallel()
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is missing; Debian has it in the package prometheus")
	}
	examples, err := filepath.Glob("../docs/signals/*.yml")
	require.NoError(t, err)
	require.NotEmpty(t, examples)
	plain := recordings(t, read(t, "../terraform/files/monitoring/etc/exopool/rules/signal.yml"))
	for _, path := range examples {
		out, err := exec.CommandContext(t.Context(), promtool, "check", "rules", path).CombinedOutput()
		require.NoError(t, err, "%s", out)
		recorded := recordings(t, read(t, path))
		for name := range plain {
			assert.Contains(t, recorded, name, "%s takes the place of signal.yml", path)
		}
	}
}
