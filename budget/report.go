package budget

import (
	"fmt"
	"time"
)

// A Report is an account in money. Amounts are in the currency of the plan.
type Report struct {
	Start    time.Time `json:"start"` // of the period
	End      time.Time `json:"end"`
	Currency string    `json:"currency,omitempty"`
	Limit    float64   `json:"limit"` // 0: none
	Hourly   float64   `json:"hourly,omitempty"`
	Spent    float64   `json:"spent"`
	Forecast float64   `json:"forecast"` // for the end, with as many members as in the last day
	Minimum  float64   `json:"minimum"`  // for the end, with no more than the minimum from now on
}

// Report returns an account in money.
func (p Plan) Report(a Account, minimum int) Report {
	r := Report{Currency: p.Currency, Limit: p.Limit, Hourly: p.Hourly, Spent: p.cost(a.Seconds)}
	r.Start, r.End = a.Period.bounds(a.At)
	left := a.left().Seconds()
	r.Forecast = r.Spent + p.cost(left*max(a.Usual, float64(minimum)))
	r.Minimum = r.Spent + p.cost(left*float64(minimum))
	return r
}

// String says it in words, on one line.
func (r Report) String() string {
	amount := func(value float64) string {
		text := fmt.Sprintf("%.2f", value)
		if r.Currency != "" {
			text += " " + r.Currency
		}
		return text
	}
	text := amount(r.Spent)
	if r.Limit > 0 {
		text += " of " + amount(r.Limit)
	}
	const day = "2006-01-02 15:04"
	text += fmt.Sprintf(" spent since %s; by %s it will be %s if it goes on like this, %s with the minimum alone",
		r.Start.Format(day), r.End.Format(day), amount(r.Forecast), amount(r.Minimum))
	if r.Limit > 0 && r.Minimum > r.Limit {
		text += ", which is above the limit"
	}
	return text
}
