package monitoring_test

import (
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
)

// owners are the jobs whose word counts, by the beginning of a metric's name.
// The one without a name stands for what rules have recorded: all that is
// scraped has a job.
var owners = []struct {
	prefix string
	jobs   []string
}{
	{"exopool:program_down:bool", []string{"autoscaler", "discovery"}}, // recorded by job
	{"exopool:", []string{""}},
	{"exopool_autoscaler_", []string{"autoscaler"}},
	{"exopool_discovery_", []string{"discovery"}},
	{"exopool_exoscale_", []string{"autoscaler", "discovery"}},
	{"prometheus_", []string{"prometheus"}},
	{"process_", []string{"autoscaler", "discovery", "prometheus"}},
	{"node_", []string{"pool"}},
	{"up", []string{"pool", "autoscaler", "discovery", "prometheus"}}, // Prometheus' own word
	{"scrape_", []string{"pool"}},
	{"http_", []string{"application"}},
}

// allJobs are those of the configuration, and none.
var allJobs = []string{"", "pool", "application", "autoscaler", "discovery", "prometheus"}

func TestEachQueryNamesTheJobsItBelieves(t *testing.T) {
	t.Parallel()
	for query, where := range allQueries(t) {
		parser.Inspect(parsed(t, query), func(node parser.Node, _ []parser.Node) error {
			if selector, ok := node.(*parser.VectorSelector); ok {
				assert.Subset(t, ownersOf(selector.Name), believed(selector), "%s: %s in %s", where, selector, query)
			}
			return nil
		})
	}
}

func ownersOf(name string) []string {
	for _, owner := range owners {
		if strings.HasPrefix(name, owner.prefix) {
			return owner.jobs
		}
	}
	return nil
}

// believed returns the jobs whose series a selector takes.
func believed(selector *parser.VectorSelector) []string {
	var jobs []string
	for _, job := range allJobs {
		takes := true
		for _, matcher := range selector.LabelMatchers {
			takes = takes && (matcher.Name != "job" || matcher.Matches(job))
		}
		if takes {
			jobs = append(jobs, job)
		}
	}
	return jobs
}

func TestASelectorWithoutAJobBelievesAllJobs(t *testing.T) {
	t.Parallel()
	assert.Equal(t, allJobs, believed(&parser.VectorSelector{Name: "up"}))
	assert.Equal(t, []string{""}, believed(&parser.VectorSelector{
		Name: "exopool:cpu:percent", LabelMatchers: []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, "job", "")},
	}))
}
