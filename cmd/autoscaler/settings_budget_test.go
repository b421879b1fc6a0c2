package main

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/budget"
	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
)

func TestABudgetIsSet(t *testing.T) {
	t.Parallel()
	cfg, err := parse([]string{"-budget", "20", "-budget-period", "week", "-budget-hourly=0.5", "-member-price", "0.02", "-budget-currency", "EUR"},
		settingstest.Course().Get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, budget.Plan{
		Limit: 20, Period: budget.Week, Soft: budget.DefaultSoft, Hourly: 0.5, Price: 0.02, Currency: "EUR",
	}, cfg.Loop.Budget)
	cfg, err = parse(nil, settingstest.Course().Get, io.Discard)
	require.NoError(t, err)
	assert.False(t, cfg.Loop.Budget.Priced())
}

func TestWrongBudgetsAreExplained(t *testing.T) {
	t.Parallel()
	for problem, args := range map[string][]string{
		"AUTOSCALER_MEMBER_PRICE (flag -member-price) is missing: set what a member costs in an hour": {"-budget", "20"},
		`AUTOSCALER_BUDGET (flag -budget) is "-1"`:                                                    {"-budget", "-1"},
		`AUTOSCALER_BUDGET (flag -budget) is "NaN"`:                                                   {"-budget", "NaN"},
		`AUTOSCALER_BUDGET_PERIOD (flag -budget-period) is "year"`:                                    {"-budget-period", "year"},
		`AUTOSCALER_BUDGET_SOFT (flag -budget-soft) is "80"`:                                          {"-budget-soft", "80"},
		`AUTOSCALER_BUDGET_CURRENCY (flag -budget-currency) is "EUR/year"`:                            {"-budget-currency", "EUR/year"},
	} {
		_, err := parse(args, settingstest.Course().Get, io.Discard)
		require.ErrorContains(t, err, problem)
		assert.Len(t, settingstest.Errors(t, err), 1, problem)
	}
}
