// Command schedule says which bounds a schedule sets on a Monday morning: the
// minimum begins a little earlier, so that members serve in time.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/exopool/exopool/schedule"
)

func main() {
	s, err := schedule.Parse("morning: 30 7 * * mon-fri Europe/Vienna for 2h at least 6; night: 0 22 * * * UTC for 8h at most 2")
	if err != nil {
		fmt.Fprintln(os.Stderr, "schedule:", err)
		os.Exit(1)
	}
	monday := time.Date(2026, time.January, 12, 6, 0, 0, 0, time.UTC)
	for _, minutes := range []int{-30, 26, 28, 151} {
		at := monday.Add(time.Duration(minutes) * time.Minute)
		floor, ceiling, active := s.At(at, 3*time.Minute)
		fmt.Println(at.Format("15:04"), floor, ceiling, active)
	}
}
