package schedule

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Limits of what [Parse] accepts.
const (
	MaxEntries  = 50
	MaxMembers  = 10_000
	MinDuration = time.Minute
	MaxDuration = 7 * 24 * time.Hour
)

const (
	maxEntryLength = 300
	maxNameLength  = 40
)

var (
	nameForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	zoneForm = regexp.MustCompile(`^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$`)
)

// Parse reads entries with semicolons between them. No entries are a schedule that
// sets no bounds. The error completes a sentence whose subject is the text.
func Parse(text string) (Schedule, error) {
	if strings.TrimSpace(text) == "" {
		return Schedule{}, nil
	}
	parts := strings.Split(text, ";")
	if len(parts) > MaxEntries {
		return Schedule{}, fmt.Errorf("has more than %d entries", MaxEntries)
	}
	var s Schedule
	for i, part := range parts {
		e, err := parseEntry(strings.TrimSpace(part))
		if err != nil {
			return Schedule{}, fmt.Errorf("is wrong in entry %d: %w", i+1, err)
		}
		if slices.ContainsFunc(s.entries, func(other entry) bool { return other.name == e.name }) {
			return Schedule{}, fmt.Errorf("is wrong in entry %d: the name %s is that of another entry", i+1, e.name)
		}
		s.entries = append(s.entries, e)
	}
	return s, nil
}

// cronFields is how many fields of cron there are.
const cronFields = 5

var errForm = errors.New("it is not NAME: MINUTE HOUR DAY MONTH WEEKDAY ZONE for DURATION at least N at most M, of which one bound will do")

func parseEntry(text string) (entry, error) {
	if text == "" {
		return entry{}, errors.New("nothing is there")
	}
	if len(text) > maxEntryLength {
		return entry{}, fmt.Errorf("it has more than %d bytes", maxEntryLength)
	}
	name, rest, found := strings.Cut(text, ":")
	fields := strings.Fields(rest)
	if !found || len(fields) < cronFields+3 || fields[cronFields+1] != "for" {
		return entry{}, errForm
	}
	if !nameForm.MatchString(name) || len(name) > maxNameLength {
		return entry{}, fmt.Errorf("its name %q is not of up to %d lower-case letters and digits, with single dashes between them", name, maxNameLength)
	}
	e := entry{name: name}
	var err error
	if e.begin, err = parseCron(strings.Join(fields[:cronFields], " ")); err != nil {
		return entry{}, err
	}
	if e.zone, err = parseZone(fields[cronFields]); err != nil {
		return entry{}, err
	}
	if e.duration, err = parseDuration(fields[cronFields+2]); err != nil {
		return entry{}, err
	}
	return e, e.parseBounds(fields[cronFields+3:])
}

// parseCron reads the fields of cron. Those that no date ever matches, such as
// February 30, are refused.
func parseCron(fields string) (cron.Schedule, error) {
	if strings.HasPrefix(fields, "TZ=") || strings.HasPrefix(fields, "CRON_TZ=") {
		return nil, errors.New("the time zone comes after the weekday")
	}
	begin, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(fields)
	if err != nil {
		return nil, fmt.Errorf("%q is no time of cron: %w", fields, err)
	}
	leapYear := time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)
	if begin.Next(leapYear.Add(-time.Second)).IsZero() {
		return nil, fmt.Errorf("%q never comes", fields)
	}
	return begin, nil
}

// parseZone reads the name of a time zone. That of the host is refused: the same
// entry is to mean the same everywhere.
func parseZone(name string) (*time.Location, error) {
	if !zoneForm.MatchString(name) || name == "Local" {
		return nil, fmt.Errorf("%q is no time zone, such as Europe/Vienna or UTC", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("the time zone %s is not known", name)
	}
	return zone, nil
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < MinDuration || d > MaxDuration {
		return 0, fmt.Errorf("%q is no duration from 1m to %dh", text, int(MaxDuration.Hours()))
	}
	return d, nil
}

// parseBounds reads the bounds, each three words.
func (e *entry) parseBounds(words []string) error {
	if len(words) != 3 && len(words) != 6 {
		return errForm
	}
	for bound := range slices.Chunk(words, 3) {
		into := map[string]*int{"least": &e.floor, "most": &e.ceiling}[bound[1]]
		if bound[0] != "at" || into == nil || *into != 0 {
			return errForm
		}
		members, err := strconv.Atoi(bound[2])
		if err != nil || members < 1 || members > MaxMembers {
			return fmt.Errorf("%q is no number of members from 1 to %d", bound[2], MaxMembers)
		}
		*into = members
	}
	if e.ceiling != 0 && e.floor > e.ceiling {
		return fmt.Errorf("it wants at least %d members and at most %d", e.floor, e.ceiling)
	}
	return nil
}
