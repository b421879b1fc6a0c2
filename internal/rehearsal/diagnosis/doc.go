// Package diagnosis finds out why a line of a rehearsal does not hold, from what a
// fake cloud knows: its account, its machines, and who called its API.
//
// An [Examiner] looks at one thing after the other, what most probably is the cause
// first: user-data that failed or is still at work, containers that ended, ports
// on which nothing listens, rules that are missing, calls that were refused. What it
// finds is said with what to change.
package diagnosis
