package schedule_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the same everywhere

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/schedule"
)

func parse(t *testing.T, text string) schedule.Schedule {
	t.Helper()
	s, err := schedule.Parse(text)
	require.NoError(t, err)
	return s
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return when
}

// inForce returns the time from the first to the last of the minutes between two
// times at which the schedule sets a floor, and how many these are.
func inForce(t *testing.T, s schedule.Schedule, from, to string) (first, last string, minutes int) {
	t.Helper()
	for now := at(t, from); !now.After(at(t, to)); now = now.Add(time.Minute) {
		if floor, _, _ := s.At(now, 0); floor == 0 {
			continue
		}
		last = now.UTC().Format("15:04")
		if first == "" {
			first = last
		}
		minutes++
	}
	return first, last, minutes
}

func TestAnEntryIsInForceFromItsBeginningForItsDuration(t *testing.T) {
	t.Parallel()
	s := parse(t, "morning: 30 7 * * mon-fri Europe/Vienna for 2h at least 6")
	for when, want := range map[string]int{
		"2026-01-12T06:29:59Z":     0, // Monday
		"2026-01-12T06:30:00Z":     6,
		"2026-01-12T08:29:59.999Z": 6,
		"2026-01-12T08:30:00Z":     0,
		"2026-01-16T07:00:00Z":     6, // Friday
		"2026-01-17T07:00:00Z":     0, // Saturday
		"2026-07-13T05:30:00Z":     6, // in summer an hour earlier
		"2026-07-13T07:30:00Z":     0,
	} {
		floor, ceiling, active := s.At(at(t, when), 0)
		assert.Equal(t, want, floor, when)
		assert.Zero(t, ceiling, when)
		assert.Equal(t, want > 0, len(active) == 1, when)
	}
	floor, _, _ := s.At(at(t, "2026-01-12T07:00:00+01:00").In(time.FixedZone("elsewhere", -5*3600)), 30*time.Minute)
	assert.Equal(t, 6, floor, "it does not matter in which zone the time is given")
}

// In Vienna, clocks jump from 2:00 to 3:00 on 2026-03-29 at 01:00 UTC, and back
// from 3:00 to 2:00 on 2026-10-25 at 01:00 UTC.
func TestChangesOfTheClocks(t *testing.T) {
	t.Parallel()
	const spring, autumn = "2026-03-29", "2026-10-25"
	for name, tt := range map[string]struct {
		entry       string
		day         string
		first, last string // UTC
		minutes     int
	}{
		"a time that does not exist is when clocks jump over it": {
			"30 2 * * * Europe/Vienna for 1h", spring, "01:00", "01:59", 60,
		},
		"the first time that does not exist": {"0 2 * * * Europe/Vienna for 1h", spring, "01:00", "01:59", 60},
		"the last time before the jump":      {"59 1 * * * Europe/Vienna for 1h", spring, "00:59", "01:58", 60},
		"the first time after the jump":      {"0 3 * * * Europe/Vienna for 1h", spring, "01:00", "01:59", 60},
		"a duration across the jump":         {"0 1 * * * Europe/Vienna for 3h", spring, "00:00", "02:59", 180},
		"a time that exists twice begins both times": {
			"30 2 * * * Europe/Vienna for 30m", autumn, "00:30", "01:59", 60,
		},
		"and they overlap":                    {"30 2 * * * Europe/Vienna for 2h", autumn, "00:30", "03:29", 180},
		"the last time that exists once":      {"59 1 * * * Europe/Vienna for 1h", autumn, "23:59", "00:58", 60},
		"the first time that exists once":     {"0 3 * * * Europe/Vienna for 1h", autumn, "02:00", "02:59", 60},
		"a duration across the hour":          {"0 1 * * * Europe/Vienna for 3h", autumn, "23:00", "01:59", 180},
		"midnight does not exist in Santiago": {"0 0 * * * America/Santiago for 1h", "2026-09-06", "04:00", "04:59", 60},
		"half an hour on Lord Howe Island":    {"15 2 * * * Australia/Lord_Howe for 1h", "2026-10-03", "15:30", "16:29", 60},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			day := at(t, tt.day+"T00:00:00Z")
			from, to := day.Add(-2*time.Hour), day.Add(20*time.Hour)
			first, last, minutes := inForce(t, parse(t, "x: "+tt.entry+" at least 2"), from.Format(time.RFC3339), to.Format(time.RFC3339))
			assert.Equal(t, tt.first, first)
			assert.Equal(t, tt.last, last)
			assert.Equal(t, tt.minutes, minutes)
		})
	}
}

func TestOverlaps(t *testing.T) {
	t.Parallel()
	s := parse(t, `office: 0 8 * * * UTC for 10h at least 3 at most 9; noon: 0 12 * * * UTC for 1h at least 5;
		saving: 0 12 * * * UTC for 4h at most 4; night: 0 22 * * * UTC for 8h at most 2`)
	for when, want := range map[string]struct {
		floor, ceiling int
		active         string
	}{
		"07:00": {0, 0, ""},
		"11:00": {3, 9, "office"},
		"12:00": {5, 4, "office noon saving"}, // the floor is for the caller to prefer
		"13:00": {3, 4, "office saving"},
		"23:00": {0, 2, "night"},
		"05:59": {0, 2, "night"},
	} {
		floor, ceiling, active := s.At(at(t, "2026-01-12T"+when+":00Z"), 0)
		assert.Equal(t, want.floor, floor, when)
		assert.Equal(t, want.ceiling, ceiling, when)
		assert.Equal(t, want.active, strings.Join(active, " "), when)
	}
}

func TestFloorsComeAheadAndCeilingsDoNot(t *testing.T) {
	t.Parallel()
	s := parse(t, "morning: 0 8 * * * UTC for 1h at least 3 at most 9; night: 0 8 * * * UTC for 2h at most 5")
	for when, want := range map[string]struct{ floor, ceiling int }{
		"07:54": {0, 0}, "07:55": {3, 0}, "07:59": {3, 0}, "08:00": {3, 5}, "08:59": {3, 5}, "09:00": {0, 5},
	} {
		floor, ceiling, _ := s.At(at(t, "2026-01-12T"+when+":00Z"), 5*time.Minute)
		assert.Equal(t, want.floor, floor, when)
		assert.Equal(t, want.ceiling, ceiling, when)
	}
}

func TestWrongEntriesAreExplained(t *testing.T) {
	t.Parallel()
	const good = "a: 0 8 * * * UTC for 1h at least 3"
	for text, want := range map[string]string{
		";":                                "entry 1: nothing is there",
		good + ";":                         "entry 2: nothing is there",
		good + ";" + good:                  "entry 2: the name a is that of another entry",
		"0 8 * * * UTC for 1h at least 3":  "it is not NAME: MINUTE",
		"a: 0 8 * * UTC for 1h at least 3": "it is not NAME: MINUTE",
		"a: 0 8 * * * UTC for 1h":          "it is not NAME: MINUTE",
		"a: 0 8 * * * UTC for 1h at least": "it is not NAME: MINUTE",
		"a: 0 8 * * * UTC for 1h at least 3 at least 4": "it is not NAME: MINUTE",
		"a: 0 8 * * * UTC for 1h in least 3":            "it is not NAME: MINUTE",
		"A b: 0 8 * * * UTC for 1h at least 3":          `its name "A b" is not of`,
		"a-: 0 8 * * * UTC for 1h at least 3":           `its name "a-" is not of`,
		"a: 60 8 * * * UTC for 1h at least 3":           `"60 8 * * *" is no time of cron`,
		"a: 0 8 */0 * * UTC for 1h at least 3":          `"0 8 */0 * *" is no time of cron`,
		"a: 0 8 30 2 * UTC for 1h at least 3":           `"0 8 30 2 *" never comes`,
		"a: TZ=UTC 8 * * * UTC for 1h at least 3":       "the time zone comes after the weekday",
		"a: 0 8 * * * Europe/Wien for 1h at least 3":    "the time zone Europe/Wien is not known",
		"a: 0 8 * * * Local for 1h at least 3":          `"Local" is no time zone`,
		"a: 0 8 * * * ../etc for 1h at least 3":         `"../etc" is no time zone`,
		"a: 0 8 * * * UTC for 59s at least 3":           `"59s" is no duration from 1m to 168h`,
		"a: 0 8 * * * UTC for 169h at least 3":          `"169h" is no duration`,
		"a: 0 8 * * * UTC for 1h at least 0":            `"0" is no number of members from 1 to 10000`,
		"a: 0 8 * * * UTC for 1h at least 10001":        `"10001" is no number of members`,
		"a: 0 8 * * * UTC for 1h at least 5 at most 4":  "at least 5 members and at most 4",
		strings.Repeat(good+";", schedule.MaxEntries):   "has more than 50 entries",
		"a: " + strings.Repeat("0", 300):                "more than 300 bytes",
	} {
		s, err := schedule.Parse(text)
		require.ErrorContains(t, err, want, text)
		assert.Zero(t, s.Len())
	}
}

func TestNoEntriesSetNoBounds(t *testing.T) {
	t.Parallel()
	s := parse(t, " \n")
	assert.Zero(t, s.Len())
	floor, ceiling, active := s.At(time.Now(), time.Hour)
	assert.Zero(t, floor+ceiling+len(active))
}

// FuzzParse: whatever is written, bounds are within their range, a floor that is in
// force is also in force ahead, and the same time has the same answer.
func FuzzParse(f *testing.F) {
	f.Add("morning: 30 7 * * mon-fri Europe/Vienna for 2h at least 6", int64(1_774_746_000), int64(3600))
	f.Add("a: */15 0-3 29 2 sun,6 America/Santiago for 168h at most 2 at least 1; b: 0 0 1 1 * UTC for 1m at most 1", int64(-1), int64(0))
	f.Add("a: ? * L # @ UTC for 1h at least 3", int64(0), int64(-5))
	f.Fuzz(func(t *testing.T, text string, second, ahead int64) {
		s, err := schedule.Parse(text)
		if err != nil {
			return
		}
		now := time.Unix(second%(1<<33), 0)
		soon := time.Duration(ahead%(24*3600)) * time.Second
		floor, ceiling, active := s.At(now, soon)
		floorNow, ceilingNow, _ := s.At(now, 0)
		again, _, _ := s.At(now, soon)
		if floor < floorNow || ceiling != ceilingNow || again != floor {
			t.Fatalf("%d, %d ahead and %d, %d now", floor, ceiling, floorNow, ceilingNow)
		}
		if floor < 0 || ceiling < 0 || floor > schedule.MaxMembers || ceiling > schedule.MaxMembers || len(active) > s.Len() {
			t.Fatalf("bounds %d and %d of %q", floor, ceiling, active)
		}
		if (len(active) == 0) != (floor == 0 && ceiling == 0) {
			t.Fatalf("bounds %d and %d by %q", floor, ceiling, active)
		}
	})
}
