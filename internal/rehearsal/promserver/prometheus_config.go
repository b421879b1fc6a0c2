package promserver

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/file"
	"github.com/prometheus/prometheus/discovery/targetgroup"
)

// configFile is the configuration of Prometheus on the monitoring machine.
const configFile = "etc/exopool/prometheus.yml"

// rereadInterval is how often files are read again in case an event was lost.
const rereadInterval = 5 * time.Second

// readConfig reads the configuration, and replaces addresses, the targets file
// and durations in it.
func readConfig(cfg Config) (*config.Config, error) {
	text, err := fs.ReadFile(cfg.Files, configFile)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	c, err := config.Load(string(text), component(cfg.Logger, "config"))
	if err != nil {
		return nil, fmt.Errorf("read the configuration %s: %w", configFile, err)
	}
	c.GlobalConfig.ScrapeInterval = model.Duration(cfg.scaled(time.Duration(c.GlobalConfig.ScrapeInterval)))
	c.GlobalConfig.EvaluationInterval = model.Duration(cfg.scaled(time.Duration(c.GlobalConfig.EvaluationInterval)))
	c.ScrapeConfigs = slices.DeleteFunc(c.ScrapeConfigs, func(job *config.ScrapeConfig) bool {
		return !adapt(cfg, job)
	})
	return c, nil
}

// adapt replaces the targets and durations of a job. It reports whether the job
// has targets: one with static targets needs an address.
func adapt(cfg Config, job *config.ScrapeConfig) bool {
	job.ScrapeInterval = model.Duration(cfg.scaled(time.Duration(job.ScrapeInterval)))
	if cfg.Speed != 1 {
		job.ScrapeTimeout = job.ScrapeInterval // the host answers no faster
	}
	for i, sd := range job.ServiceDiscoveryConfigs {
		switch sd := sd.(type) {
		case *file.SDConfig:
			sd.Files = []string{cfg.TargetsFile}
			sd.RefreshInterval = min(sd.RefreshInterval, model.Duration(rereadInterval))
		case discovery.StaticConfig:
			address, ok := cfg.Addresses[job.JobName]
			if !ok {
				return false
			}
			fixed := discovery.StaticConfig{}
			for _, group := range sd {
				fixed = append(fixed, &targetgroup.Group{
					Targets: []model.LabelSet{{model.AddressLabel: model.LabelValue(address)}},
					Labels:  group.Labels, Source: group.Source,
				})
			}
			job.ServiceDiscoveryConfigs[i] = fixed
		}
	}
	return true
}

// ruleFiles returns the names of the files with rules, in the file system.
func ruleFiles(cfg Config, c *config.Config) ([]string, error) {
	var names []string
	for _, pattern := range c.RuleFiles {
		pattern = filepath.ToSlash(pattern)
		if path.IsAbs(pattern) {
			pattern = strings.TrimPrefix(pattern, "/")
		} else {
			pattern = path.Join(path.Dir(configFile), pattern)
		}
		found, err := fs.Glob(cfg.Files, pattern)
		if err != nil {
			return nil, fmt.Errorf("list the rules %s: %w", pattern, err)
		}
		names = append(names, found...)
	}
	return names, nil
}
