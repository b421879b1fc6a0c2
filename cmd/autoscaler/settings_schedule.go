package main

import (
	"fmt"
	_ "time/tzdata" // not every host has the time zones

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/schedule"
)

// addSchedule declares the bounds of the size by the time.
func addSchedule(set *settings.Set, into *autoscale.Config) {
	var entries schedule.Schedule
	setting := settings.Add(set, &entries, settings.Spec{
		Flag: "schedules", Env: "AUTOSCALER_SCHEDULES", Default: "none",
		Help: "bounds of the size by the time, such as morning: 30 7 * * mon-fri Europe/Vienna for 2h at least 6; several have semicolons between them",
	}, settings.Kind[schedule.Schedule]{
		Parse:  schedule.Parse,
		Arg:    "ENTRIES",
		Range:  fmt.Sprintf("up to %d entries", schedule.MaxEntries),
		Remedy: "give NAME: MINUTE HOUR DAY MONTH WEEKDAY ZONE for DURATION at least N at most M, of which one bound will do",
	})
	set.Check(func() {
		if entries.Len() > 0 {
			into.Schedule = entries
		}
	}, setting)
}
