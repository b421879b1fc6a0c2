package budget_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/budget"
	"github.com/exopool/exopool/internal/configerr"
)

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// march is a budget of 20 for a month, with a member that costs 14.88 in March.
var march = budget.Plan{Limit: 20, Period: budget.Month, Price: 0.02, Currency: "EUR"}

// account returns one with so many members for so long from noon on.
func account(plan budget.Plan, members int, long time.Duration) budget.Account {
	return plan.Observe(plan.Observe(budget.Account{}, noon, members), noon.Add(long), members)
}

func TestMembersCostByTheirTime(t *testing.T) {
	t.Parallel()
	a := march.Observe(budget.Account{}, noon, 3)
	assert.Zero(t, a.Seconds)
	a = march.Observe(a, noon.Add(time.Hour), 3)
	assert.InDelta(t, 3*3600, a.Seconds, 0)
	a = march.Observe(a, noon.Add(90*time.Minute), 5)
	assert.InDelta(t, 3*3600+5*1800, a.Seconds, 0, "as many as at the end with more")
	a = march.Observe(a, noon.Add(2*time.Hour), 1)
	assert.InDelta(t, 3*3600+5*3600, a.Seconds, 0)

	r := march.Report(a, 1)
	assert.InDelta(t, 8*0.02, r.Spent, 1e-9)
	left := (30*24 + 10) * 0.02
	assert.InDelta(t, 0.16+left, r.Minimum, 1e-9)
	assert.Greater(t, r.Forecast, r.Minimum)
	assert.Equal(t, time.Date(2026, time.April, 1, 0, 0, 0, 0, time.UTC), r.End)
}

func TestAPeriodBeginsAnew(t *testing.T) {
	t.Parallel()
	for period, want := range map[budget.Period]struct{ before, start string }{
		budget.Hour:  {"2026-03-08T23:10:00Z", "2026-03-09T00:00:00Z"},
		budget.Day:   {"2026-03-08T20:00:00Z", "2026-03-09T00:00:00Z"},
		budget.Week:  {"2026-03-07T20:00:00Z", "2026-03-09T00:00:00Z"}, // a Monday
		budget.Month: {"2026-02-20T20:00:00Z", "2026-03-01T00:00:00Z"},
	} {
		plan := budget.Plan{Limit: 1, Period: period, Price: 1}
		before, err := time.Parse(time.RFC3339, want.before)
		require.NoError(t, err)
		start, err := time.Parse(time.RFC3339, want.start)
		require.NoError(t, err)
		a := plan.Observe(plan.Observe(budget.Account{}, before, 2), start.Add(-time.Second), 2)
		assert.Positive(t, a.Seconds, period)
		a = plan.Observe(a, start.Add(time.Minute), 2)
		assert.InDelta(t, 120, a.Seconds, 0, "%s: only what is in it", period)
		assert.Equal(t, start, plan.Report(a, 1).Start, period)
	}
}

func TestAClockThatIsSetBackCostsNothing(t *testing.T) {
	t.Parallel()
	a := account(march, 2, time.Hour)
	back := march.Observe(a, noon.Add(30*time.Minute), 2)
	assert.InDelta(t, a.Seconds, back.Seconds, 0)
	month := march.Observe(a, noon.AddDate(0, -1, 0), 2)
	assert.Zero(t, month.Seconds, "another period")
	other := march
	other.Period = budget.Day
	assert.Zero(t, other.Observe(a, noon.Add(2*time.Hour), 2).Seconds, "another kind of period")
}

func TestMost(t *testing.T) {
	t.Parallel()
	way := budget.WayBack{Lead: 10 * time.Minute, Turn: time.Minute, Step: 1}
	for name, tt := range map[string]struct {
		plan    budget.Plan
		spent   time.Duration // of one member
		way     budget.WayBack
		minimum int
		want    int
	}{
		"no limit":                       {budget.Plan{Price: 1}, time.Hour, way, 1, 10},
		"no price":                       {budget.Plan{}, time.Hour, way, 1, 10},
		"a lot is left":                  {march, time.Hour, way, 1, 10},
		"the minimum alone costs more":   {march, time.Hour, way, 2, 2},
		"a cap an hour":                  {budget.Plan{Price: 0.02, Hourly: 0.1}, time.Hour, way, 1, 5},
		"a cap an hour and the minimum":  {budget.Plan{Price: 0.02, Hourly: 0.1}, time.Hour, way, 7, 7},
		"a little is left":               {budget.Plan{Price: 1, Limit: 24.5, Period: budget.Day}, time.Hour, way, 1, 3},
		"less with a longer way":         {budget.Plan{Price: 1, Limit: 24.5, Period: budget.Day}, time.Hour, budget.WayBack{Lead: 20 * time.Minute, Turn: time.Minute, Step: 1}, 1, 2},
		"more if they leave all at once": {budget.Plan{Price: 1, Limit: 24.5, Period: budget.Day}, time.Hour, budget.WayBack{Lead: 10 * time.Minute, Turn: time.Hour, Step: 10}, 1, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, tt.plan.Most(account(tt.plan, 1, tt.spent), tt.minimum, 10, tt.way))
		})
	}
}

func TestThePoolSavesWhenMostIsSpent(t *testing.T) {
	t.Parallel()
	plan := budget.Plan{Limit: 34, Period: budget.Day, Price: 1} // 10 more than the minimum of 1
	midnight := noon.Add(-12 * time.Hour)
	for hours, want := range map[int]bool{1: false, 7: false, 8: true, 11: true} {
		a := plan.Observe(plan.Observe(budget.Account{}, midnight, 2), midnight.Add(time.Duration(hours)*time.Hour), 2)
		assert.Equal(t, want, plan.Saves(a, 1), "%d hours with one more", hours)
	}
	plan.Soft = 0.5
	a := plan.Observe(plan.Observe(budget.Account{}, midnight, 2), midnight.Add(5*time.Hour), 2)
	assert.True(t, plan.Saves(a, 1))
	assert.False(t, budget.Plan{Price: 1}.Saves(a, 1), "of no limit")
}

func TestTheReportInWords(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "0.24 EUR of 20.00 EUR spent since 2026-03-01 00:00; by 2026-04-01 00:00 it will be 14.64 EUR if it goes on like this, 14.64 EUR with the minimum alone",
		march.Report(account(march, 1, 12*time.Hour), 1).String())
	march := march
	march.Currency = ""
	assert.Contains(t, march.Report(account(march, 2, 0), 2).String(), "29.28 with the minimum alone, which is above the limit")
}

func TestWrongPlansAreExplained(t *testing.T) {
	t.Parallel()
	for field, plan := range map[string]budget.Plan{
		"Limit":    {Limit: math.NaN(), Price: 1},
		"Hourly":   {Hourly: -1, Price: 1},
		"Price":    {Limit: 1},
		"Soft":     {Soft: 1.1},
		"Period":   {Period: "year"},
		"Currency": {Currency: "EUR\n"},
	} {
		errs := configerr.Errors(plan.Validate())
		require.Len(t, errs, 1, field)
		assert.Equal(t, field, errs[0].Field)
	}
	require.NoError(t, march.Validate())
	require.NoError(t, budget.Plan{}.Validate())
}

// FuzzAccount: with any account that is valid, what follows is valid, can be written,
// and never pays for fewer than the minimum or more than the maximum.
func FuzzAccount(f *testing.F) {
	f.Add([]byte(`{"period":"month","at":"2026-03-01T11:00:00Z","members":3,"seconds":9000,"usual":2.5}`), 3, int64(60), 0.02)
	f.Add([]byte(`{"period":"hour","at":"2026-03-31T23:59:59.5Z","members":1000000,"seconds":1e9,"usual":1e6}`), -1, int64(1e12), 1e6)
	f.Add([]byte(`{}`), 1, int64(-1), 0.0)
	f.Fuzz(func(t *testing.T, data []byte, members int, later int64, limit float64) {
		var a budget.Account
		if json.Unmarshal(data, &a) != nil || a.Validate() != nil {
			return
		}
		now := time.Unix(max(a.At.Unix(), 0)+later%(1<<32), 0)
		if now.Year() < 1970 || now.Year() > 9998 {
			return
		}
		plan := budget.Plan{Limit: limit, Price: 0.02, Period: a.Period}
		if plan.Validate() != nil {
			return
		}
		next := plan.Observe(a, now, members)
		if err := next.Validate(); err != nil {
			t.Fatalf("%+v, then %+v: %v", a, next, err)
		}
		if most := plan.Most(next, 2, 9, budget.WayBack{Lead: time.Hour, Turn: time.Minute, Step: 2}); most < 2 || most > 9 {
			t.Fatalf("pays for %d", most)
		}
		if _, err := json.Marshal(plan.Report(next, 2)); err != nil {
			t.Fatal(err)
		}
	})
}
