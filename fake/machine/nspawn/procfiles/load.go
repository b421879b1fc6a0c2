package procfiles

import (
	"fmt"
	"math"
	"time"
)

// Tasks are the threads of a machine.
type Tasks struct {
	// Active ones run, wait for a CPU, or wait for a disk.
	Active int
	All    int
}

// A Load is the load average of a machine, of the last 1, 5 and 15 minutes. Its zero
// value is that of a machine that boots.
type Load struct {
	at       time.Time // of the last sample
	averages [3]float64
	tasks    Tasks
}

// loadInterval is how often the kernel takes samples.
const loadInterval = 5 * time.Second

// LoadAverage returns the source of a /proc/loadavg.
func LoadAverage(meter func() (Tasks, error)) Source {
	var load Load
	return func() (string, error) {
		now := time.Now()
		if now.Sub(load.at) < loadInterval {
			return load.Text(), nil
		}
		tasks, err := meter()
		if err != nil {
			return "", err
		}
		load.Update(now, tasks)
		return load.Text(), nil
	}
}

// Update adds a sample.
func (l *Load) Update(now time.Time, tasks Tasks) {
	if passed := now.Sub(l.at); !l.at.IsZero() && passed > 0 {
		for i, window := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute} {
			keep := math.Exp(-float64(passed) / float64(window))
			l.averages[i] = l.averages[i]*keep + float64(tasks.Active)*(1-keep)
		}
	}
	l.at, l.tasks = now, tasks
}

// Text is the load in the form of proc_loadavg(5). Its length never changes.
func (l *Load) Text() string {
	// The last number is that of the youngest process, which no tool reads.
	return fmt.Sprintf("%-*s\n", loadWidth, fmt.Sprintf("%.2f %.2f %.2f %d/%d %d",
		l.averages[0], l.averages[1], l.averages[2], min(l.tasks.Active, maxTasks), min(l.tasks.All, maxTasks), 1))
}

// maxTasks is more than the kernel has, and loadWidth enough for as many.
const (
	maxTasks  = 4 << 20
	loadWidth = 3*len("4194304.00 ") + len("4194304/4194304 1")
)
