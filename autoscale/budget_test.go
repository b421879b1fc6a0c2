package autoscale_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/budget"
	"github.com/exopool/exopool/fake"
)

// daily returns a budget for a day, in hours of one member. The clock of a world
// begins at 12:00.
func daily(hours float64) budget.Plan {
	return budget.Plan{Limit: hours, Period: budget.Day, Price: 1}
}

func TestAPoolThatCannotBePaidForBecomesSmall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, func(cfg *autoscale.Config) {
		cfg.Budget, cfg.StartTimeout = daily(26), time.Minute // 14 more than the minimum takes from noon on
	})
	w.heal()
	largest, reasons := 0, map[autoscale.Reason]bool{}
	for range 11 * 60 {
		w.webhook(up)
		d := w.turn()
		w.heal()
		largest = max(largest, d.Size)
		reasons[d.Reason] = true
		require.NotNil(t, d.Budget)
		require.LessOrEqual(t, d.Budget.Minimum, 26.0, "with what the minimum costs until midnight")
	}
	last := w.turn()
	assert.Equal(t, 5, largest)
	assert.Equal(t, 1, last.Size)
	assert.Equal(t, 1, last.Budget.Most)
	assert.Equal(t, autoscale.BudgetExhausted, last.Budget.State)
	assert.True(t, reasons[autoscale.ReasonBudget])

	w.clock.Advance(2 * time.Hour) // to the next day
	w.webhook(up)
	assert.Equal(t, autoscale.ReasonStepUp, w.turn().Reason)
}

func TestWhatBecomesOfWebhooksThatTheBudgetDoesNotPayFor(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	w := newWorld(t, 2, func(cfg *autoscale.Config) {
		cfg.Budget, cfg.Registerer = budget.Plan{Hourly: 2.5, Price: 1}, registry
	})
	w.heal()
	w.webhook(up)
	d := w.turn()
	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP exopool_autoscaler_pool_size_upper_bound Maximum size in force, by the schedule and the budget.
# TYPE exopool_autoscaler_pool_size_upper_bound gauge
exopool_autoscaler_pool_size_upper_bound 2
`), "exopool_autoscaler_pool_size_upper_bound"))
	assert.Equal(t, autoscale.Held, d.Result)
	assert.Equal(t, autoscale.ReasonBudget, d.Reason)
	assert.Equal(t, fate{up: autoscale.ReasonBudget}, fates(d))
	assert.Contains(t, d.Candidates, autoscale.Candidate{Stage: "budget", Size: 2, Reason: autoscale.ReasonBudget})

	w.pool.SetSize(4)
	w.webhook(up)
	w.turn() // something else has set the size
	w.webhook(up)
	d = w.turn()
	assert.Equal(t, autoscale.Resized, d.Result)
	assert.Equal(t, autoscale.ReasonBudget, d.Reason)
	assert.Equal(t, fate{up: autoscale.ReasonBudget}, fates(d))

	for range 5 {
		w.webhook(down)
		d = w.turn()
	}
	assert.Equal(t, 1, w.pool.Size(), "it may always be smaller")
	assert.Equal(t, autoscale.ReasonAtMinimum, d.Reason)
}

func TestTheMinimumComesBeforeTheBudget(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, func(cfg *autoscale.Config) {
		cfg.Min, cfg.Budget = 3, budget.Plan{Limit: 1, Hourly: 1, Price: 1, Currency: "EUR"}
	})
	w.heal()
	for range 5 {
		w.turn()
		w.heal()
	}
	assert.Equal(t, 3, w.pool.Size())
	d := w.turn()
	assert.Contains(t, d.Budget.Text, "EUR with the minimum alone, which is above the limit")
	assert.Contains(t, d.Explain(), "\nBudget: "+d.Budget.Text+".\n")
}

// eager wants two more than the load takes.
type eager struct{ exact }

func (e eager) Decide(m autoscale.Memory, o autoscale.Observation) autoscale.Wish {
	wish := e.exact.Decide(m, o)
	wish.Size += 2
	return wish
}

// When most is spent, only a load that is there makes the pool grow.
func TestThePoolSavesItsBudget(t *testing.T) {
	t.Parallel()
	w, g := newLoadWorld(t, 1, func(cfg *autoscale.Config) {
		cfg.Policy, cfg.Budget, cfg.StartTimeout = eager{}, daily(40), time.Minute
		cfg.Budget.Soft = 0.01
	})
	w.clock.Advance(12 * time.Hour) // to the beginning of a day
	require.Equal(t, 3, w.loaded(g, 1).To, "nothing is spent yet")
	w.clock.Advance(10 * time.Minute)
	d := w.loaded(g, 2)
	assert.Equal(t, autoscale.BudgetSaving, d.Budget.State)
	assert.Equal(t, autoscale.ReasonBudget, d.Reason)
	assert.Equal(t, autoscale.ReasonPolicyUp, w.loaded(g, 3.5).Reason, "it takes more than there are")
	w.webhook(up)
	g.load.Members = 0
	assert.Equal(t, autoscale.ReasonStepUp, w.turn().Reason, "a webhook says so, too")
}

func TestTheAccountSurvivesRestarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, func(cfg *autoscale.Config) { cfg.Budget = daily(100) })
	w.heal()
	w.turn()
	w.turn()
	w.start()
	w.clock.Advance(time.Hour)
	assert.InDelta(t, 2*62.0/60, w.turn().Budget.Spent, 1e-9, "also while the program was off")

	path := filepath.Join(w.cfg.StateDir, "budget.json")
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	w.cfg.DryRun = true
	w.start()
	assert.Greater(t, w.turn().Budget.Spent, 2.0, "a dry run reads it")
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after), "and writes nothing")

	w.cfg.DryRun = false
	for _, content := range []string{
		"", "{", `{"version":2}`, `{"version":1,"pool":"at-vie-1/other","account":{}}`,
		`{"version":1,"pool":"at-vie-1/web","account":{"period":"day","at":"2026-03-01T12:00:00Z","members":1,"seconds":-1,"usual":1}}`,
	} {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		w.start()
		assert.Zero(t, w.turn().Budget.Spent, content)
	}
}

func TestWithoutAPriceNothingIsCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	assert.Nil(t, w.turn().Budget)
	assert.NoFileExists(t, filepath.Join(w.cfg.StateDir, "budget.json"))
	w.cfg.Budget = budget.Plan{Price: 2}
	w.start()
	w.turn()
	assert.InDelta(t, 2*2.0/60, w.turn().Budget.Spent, 1e-9, "a price without a limit shows what it costs")
}

// FuzzAccountFile: with any file of costs, the program starts, takes turns within its
// bounds, and finds the next time what it has written.
func FuzzAccountFile(f *testing.F) {
	f.Add([]byte(`{"version":1,"pool":"/","account":{"period":"month","at":"2026-03-01T11:59:00Z","members":3,"seconds":9000,"usual":2.5}}`))
	f.Add([]byte(`{"version":1,"pool":"/","account":{"period":"hour","at":"2027-03-01T11:59:00Z","members":3,"seconds":1,"usual":1e6}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "budget.json")
		require.NoError(t, os.WriteFile(path, content, 0o600))
		clock := fake.NewClock(noon)
		pool := fake.NewPool("web", 3, clock)
		cfg := autoscale.Config{
			Pool: pool, StateDir: filepath.Dir(path), Min: 2, Max: 4, Clock: clock, Budget: budget.Plan{Limit: 2000, Hourly: 4, Price: 1},
		}
		spent := -1.0
		for range 3 {
			loop, err := autoscale.New(cfg)
			require.NoError(t, err)
			loop.Record(t.Context(), autoscale.Up)
			clock.Advance(time.Minute)
			d := loop.RunOnce(t.Context())
			assert.Contains(t, []int{2, 3, 4}, pool.Size())
			assert.GreaterOrEqual(t, d.Budget.Spent, spent)
			spent = d.Budget.Spent
		}
	})
}
