package procfiles

import (
	"fmt"
	"strings"
	"time"
)

// An Account turns CPU time used into the counters of /proc/stat. Its zero
// value is not useful.
type Account struct {
	cpus int
	boot time.Time

	at      time.Time // of the last update
	counted Used      // then
	pending Used      // scaled, counted but not shown yet
	shown   Used      // scaled, of all CPUs together
	idle    time.Duration
}

// Used is CPU time as the control group counts it.
type Used struct {
	User, System time.Duration
}

// NewAccount begins an account for a machine with a number of CPUs. Used is
// what its control group counts at that time.
func NewAccount(cpus int, now time.Time, used Used) *Account {
	return &Account{cpus: max(cpus, 1), boot: now, at: now, counted: used}
}

// Update brings the account up to now. Limit is how many CPUs of the host
// the machine may have used since the last update.
//
// Busy time is scaled so that the limit is all of the machine's CPUs. No more
// of it is shown than time has passed; the kernel grants CPU time in portions, so
// what is ahead is shown with the next updates.
func (a *Account) Update(now time.Time, used Used, limit float64) {
	capacity := now.Sub(a.at) * time.Duration(a.cpus)
	if capacity <= 0 || limit <= 0 {
		return
	}
	scale := float64(a.cpus) / limit
	a.pending.User += max(0, time.Duration(float64(used.User-a.counted.User)*scale))
	a.pending.System += max(0, time.Duration(float64(used.System-a.counted.System)*scale))
	user := min(a.pending.User, capacity)
	system := min(a.pending.System, capacity-user)
	a.pending.User = min(a.pending.User-user, capacity)
	a.pending.System = min(a.pending.System-system, capacity)
	a.shown.User += user
	a.shown.System += system
	a.idle += capacity - user - system
	a.at, a.counted = now, used
}

// userHZ is the unit of the counters, a hundredth of a second on all hosts
// that Debian runs on.
const userHZ = 10 * time.Millisecond

// Text is the account in the form of proc_stat(5). Its length never changes, so
// that it can replace an earlier one in a single write.
func (a *Account) Text() string {
	var b strings.Builder
	line := func(name string, n int) {
		fmt.Fprintf(&b, "%s %012d 0 %012d %012d 0 0 0 0 0 0\n", name,
			a.shown.User/userHZ/time.Duration(n), a.shown.System/userHZ/time.Duration(n), a.idle/userHZ/time.Duration(n))
	}
	line("cpu ", 1)
	for i := range a.cpus {
		// It is not known on which of its CPUs the machine was busy.
		line(fmt.Sprintf("cpu%d", i), a.cpus)
	}
	fmt.Fprintf(&b, "intr 0\nctxt 0\nbtime %d\nprocesses 1\nprocs_running 1\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n",
		a.boot.Unix())
	return b.String()
}

// Uptime is the account in the form of proc_uptime(5): seconds since the boot, and
// those that all CPUs together were idle. Its length never changes.
func (a *Account) Uptime() string {
	return fmt.Sprintf("%-*s\n", uptimeWidth, fmt.Sprintf("%.2f %.2f", a.at.Sub(a.boot).Seconds(), a.idle.Seconds()))
}

// uptimeWidth is enough for a year with a thousand CPUs.
const uptimeWidth = 32
