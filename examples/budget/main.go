// Command budget accounts for a pool of three members over five days, and says how
// many members the budgets of the month and of each hour pay for.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/exopool/exopool/budget"
)

func main() {
	plan := budget.Plan{Limit: 40, Hourly: 0.1, Period: budget.Month, Price: 0.02, Currency: "EUR"}
	if err := plan.Validate(); err != nil {
		fmt.Fprintln(os.Stderr, "budget:", err)
		os.Exit(1)
	}
	begin := time.Date(2026, time.June, 1, 0, 0, 0, 0, time.UTC)
	var account budget.Account
	for hour := range 5*24 + 1 { // programs count members each turn
		account = plan.Observe(account, begin.Add(time.Duration(hour)*time.Hour), 3)
	}
	fmt.Println(plan.Report(account, 1))
	fmt.Println("at most:", plan.Most(account, 1, 10, budget.WayBack{Step: 1, Turn: time.Minute, Lead: 5 * time.Minute}))
}
