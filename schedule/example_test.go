package schedule_test

import (
	"fmt"
	"time"

	"github.com/exopool/exopool/schedule"
)

func ExampleSchedule_At() {
	s, err := schedule.Parse("morning: 30 7 * * mon-fri Europe/Vienna for 2h at least 6")
	if err != nil {
		fmt.Println(err)
		return
	}
	monday := time.Date(2026, time.January, 12, 6, 28, 0, 0, time.UTC)
	floor, _, active := s.At(monday, 3*time.Minute) // that is how long new members take
	fmt.Println(floor, active)
	// Output: 6 [morning]
}
