package console

import "time"

// Plain is plain, for its tests.
func Plain(text string) string { return plain(text) }

// Looks returns a function that asks for the boot of a machine at a time after
// start, and returns how often a machine was looked into so far.
func Looks(start time.Time) func(id string, after time.Duration) int {
	var known boots
	count := 0
	return func(id string, after time.Duration) int {
		known.of(id, start.Add(after), func() boot { count++; return boot{} })
		return count
	}
}
