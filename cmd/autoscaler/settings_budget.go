package main

import (
	"errors"
	"strings"
	"unicode"

	"github.com/exopool/exopool/budget"
	"github.com/exopool/exopool/cmd/internal/settings"
)

// addBudget declares what members may cost.
func addBudget(set *settings.Set, into *budget.Plan) {
	amount := settings.Float(0, budget.MaxAmount)
	settings.Add(set, &into.Limit, settings.Spec{
		Flag: "budget", Env: "AUTOSCALER_BUDGET", Default: "no limit",
		Help: "what members may cost in a period; then the pool keeps to its minimum, which is always paid for; needs -member-price",
	}, amount)
	settings.Add(set, &into.Period, settings.Spec{
		Flag: "budget-period", Env: "AUTOSCALER_BUDGET_PERIOD", Help: "period of -budget, by UTC: hour, day, week or month",
	}, settings.OneOf("PERIOD", budget.Hour, budget.Day, budget.Week, budget.Month))
	settings.Add(set, &into.Soft, settings.Spec{
		Flag: "budget-soft", Env: "AUTOSCALER_BUDGET_SOFT",
		Help: "part of what the minimum leaves of -budget; once it is spent, the pool grows only for a load that is there",
	}, settings.Float(0.01, 1))
	settings.Add(set, &into.Hourly, settings.Spec{
		Flag: "budget-hourly", Env: "AUTOSCALER_BUDGET_HOURLY", Default: "no limit",
		Help: "what members may cost in an hour; needs -member-price",
	}, amount)
	settings.Add(set, &into.Price, settings.Spec{
		Flag: "member-price", Env: "AUTOSCALER_MEMBER_PRICE", Default: "not known, and costs are not counted",
		Help: "what one member costs in an hour",
	}, amount)
	settings.Add(set, &into.Currency, settings.Spec{
		Flag: "budget-currency", Env: "AUTOSCALER_BUDGET_CURRENCY", Default: "none",
		Help:   "currency of these amounts, for people",
		Remedy: "give up to 10 letters, such as EUR",
	}, settings.Text("CURRENCY", func(text string) error {
		if len(text) > 10 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
			return errors.New("is not up to 10 letters")
		}
		return nil
	}))
}
