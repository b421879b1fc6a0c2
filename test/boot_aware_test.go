package test_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/terraform/templates"
)

// The members of the pool in these tests, and the one that may boot.
const (
	booted  = "192.0.2.1:9100" // 90 % busy
	booting = "192.0.2.2:9100" // 10 % busy
)

func TestBootAwareSignalLeavesOutMembersThatBoot(t *testing.T) {
	t.Parallel()
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
		"a member counts once it has been healthy, also while none is healthy later": {
			members,
			[]promSeries{healthyOf(booted, "a", "1x70 0x80"), healthyOf(booting, "b", "0x59 1x11 0x80")},
			[]promCheck{averageAt("4m55s", 90), averageAt("5m30s", 50), averageAt("10m", 50)},
		},
		"a member that was healthy and is not is no capacity, as without the setting": {
			members,
			[]promSeries{healthyOf(booted, "a", "1x150"), healthyOf(booting, "b", "0x59 1x11 0x80")},
			[]promCheck{averageAt("4m55s", 90), averageAt("5m30s", 50), averageAt("10m", 90)},
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
		"there is no average while all members boot, however long": {
			bootedCPU,
			[]promSeries{healthyOf(booted, "a", "0x150")},
			[]promCheck{noAverageAt("4m"), noAverageAt("10m")},
		},
		"when discovery is gone, no member is left out": {
			members,
			[]promSeries{healthyOf(booting, "b", "0x59 stale")},
			[]promCheck{averageAt("4m55s", 90), averageAt("5m5s", 50)},
		},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			series := slices.Concat(world.cpu, world.discovered, []promSeries{healthRead("0+5x150"), upOf(booted, "1x150"), upOf(booting, "1x150")})
			runRules(t, templates.Counting{Steal: true, BootAwareAge: 2 * time.Minute}, series, world.checks)
		})
	}
}

// recordings returns the expressions of a file of recording rules, by name.
func recordings(t *testing.T, text []byte) map[string]string {
	t.Helper()
	recorded := map[string]string{}
	for _, rule := range parsedRules(t, string(text)) {
		recorded[rule.Record] = strings.Join(strings.Fields(rule.Expr), " ")
	}
	return recorded
}

func TestCountingIsWhatTheSettingsSay(t *testing.T) {
	t.Parallel()
	assert.Equal(t, parsedRules(t, installed(t, "counting.yml")), parsedRules(t, templates.Counting{Steal: true}.Rules()))
	assert.Equal(t, []recordingRule{
		{"exopool:cpu_mode_counts:bool", "1", map[string]string{"mode": "iowait"}},
		{"exopool:cpu_mode_counts:bool", "0", map[string]string{"mode": "steal"}},
		{"exopool:boot_aware_age:seconds", "7.5", nil},
	}, parsedRules(t, templates.Counting{IOWait: true, BootAwareAge: 7500 * time.Millisecond}.Rules()))
}

func TestSignalsOfTheDocsDifferInOneRule(t *testing.T) {
	t.Parallel()
	plain := recordings(t, []byte(installed(t, "signal.yml")))
	for path, differs := range map[string]string{
		"../docs/signals/requests-per-member.yml":    "exopool:member_load:percent",
		"../docs/signals/booting-counts-as-idle.yml": "exopool:cpu_at_least:percent",
	} {
		other := recordings(t, read(t, path))
		assert.NotEqual(t, plain[differs], other[differs], path)
		other[differs] = plain[differs]
		assert.Equal(t, plain, other, path)
	}
}

func TestSignalsOfTheDocsAreValidRules(t *testing.T) {
	t.Parallel()
	examples, err := filepath.Glob("../docs/signals/*.yml")
	require.NoError(t, err)
	require.Len(t, examples, 2)
	promtool(t, append([]string{"check", "rules", "--lint=all", "--lint-fatal"}, examples...)...)
}
