package system_test

import (
	"io/fs"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/exopool/exopool/cmd/demo/internal/system"
	"github.com/exopool/exopool/terraform/files"
)

// The demo shows which times are in force, and its notifier keeps
// Grafana's rhythm: both have to be those of the installed files.
func TestTimesAreThoseOfTheInstalledFiles(t *testing.T) {
	var rules struct {
		Groups []struct {
			Interval model.Duration
			Rules    []struct{ For model.Duration }
		}
	}
	load(t, "etc/grafana/provisioning/alerting/rules.yaml", &rules)
	var policies struct {
		Policies []struct {
			Routes []struct {
				GroupInterval  model.Duration `yaml:"group_interval"`
				RepeatInterval model.Duration `yaml:"repeat_interval"`
			}
		}
	}
	load(t, "etc/grafana/provisioning/alerting/policies.yaml", &policies)
	var prometheus struct {
		Global struct {
			ScrapeInterval model.Duration `yaml:"scrape_interval"`
		}
	}
	load(t, "etc/exopool/prometheus.yml", &prometheus)

	times := system.TimesAt(1)

	assert.EqualValues(t, prometheus.Global.ScrapeInterval, times.Scrape)
	require.NotEmpty(t, rules.Groups)
	assert.EqualValues(t, rules.Groups[0].Interval, times.Evaluation)
	for _, rule := range rules.Groups[0].Rules {
		assert.EqualValues(t, rule.For, times.For)
	}
	require.NotEmpty(t, policies.Policies)
	for _, route := range policies.Policies[0].Routes {
		assert.EqualValues(t, route.GroupInterval, times.Evaluation)
		assert.EqualValues(t, route.RepeatInterval, times.Repeat)
	}
}

func TestTimesAreThoseOfARealInstallationDividedBySpeed(t *testing.T) {
	assert.Equal(t, time.Minute, system.TimesAt(1).Turn)
	assert.Equal(t, 7500*time.Millisecond, system.TimesAt(8).Turn)
	assert.Equal(t, 7500*time.Millisecond, system.TimesAt(8).Window)
	assert.Equal(t, 625*time.Millisecond, system.TimesAt(8).Scrape)
}

func load(t *testing.T, name string, into any) {
	t.Helper()
	text, err := fs.ReadFile(files.Monitoring(), name)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, into))
}
