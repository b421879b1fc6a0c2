package loadgen

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/exopool/exopool/internal/atomicfile"
)

const (
	// userHZ is how many ticks of /proc/stat make a second on Linux.
	userHZ = 100
	tick   = time.Second / userHZ
	// statInterval is how often the stat file is renewed: five times a
	// second keeps the error of a 1 s scrape interval small.
	statInterval = 200 * time.Millisecond
)

// A StatFile is the file "stat" of a procfs directory that shows a machine
// with one CPU: busy time as user time, the rest as idle. Readers of
// /proc/stat, like the node exporter, take it for the kernel's.
//
// Its methods are called by one goroutine.
type StatFile struct {
	file       atomicfile.File
	busy       func() time.Duration
	logger     *slog.Logger
	booted     time.Time
	user, idle int64 // ticks; as written last
}

// NewStatFile writes the first version of dir/stat; the directory must exist.
// busy returns the machine's CPU time since now, see [VirtualCPU.Busy].
func NewStatFile(dir string, busy func() time.Duration, logger *slog.Logger) (*StatFile, error) {
	path := filepath.Join(dir, "stat")
	f := &StatFile{
		file: atomicfile.File{Path: path, Temp: path + ".new"},
		busy: busy, logger: logger, booted: time.Now(),
	}
	if err := f.Write(); err != nil {
		return nil, err
	}
	return f, nil
}

// Run renews the file five times a second until ctx ends. A write that fails
// is logged, and the next one tried in its turn.
func (f *StatFile) Run(ctx context.Context) {
	ticker := time.NewTicker(statInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := f.Write(); err != nil {
				f.logger.Error("stat file not renewed", "err", err)
			}
		}
	}
}

// Write renews the file once. Whoever reads at that time sees the whole old or
// the whole new file, and no counter ever falls.
func (f *StatFile) Write() error {
	busy := f.busy()
	up := time.Since(f.booted)
	// Both are cut to whole ticks on their own: the difference of two cut
	// values could fall by a tick. A busy time measured a little before the
	// uptime makes idle uncertain by that little, hence the maximum.
	f.user = max(f.user, int64(busy/tick))
	f.idle = max(f.idle, int64((up-busy)/tick))

	if err := f.file.Write(f.text()); err != nil {
		return fmt.Errorf("write stat file: %w", err)
	}
	return nil
}

// text is laid out as proc_stat(5) says: user, nice, system, idle, iowait, irq,
// softirq, steal, guest, guest_nice.
func (f *StatFile) text() []byte {
	return fmt.Appendf(nil, `cpu  %[1]d 0 0 %[2]d 0 0 0 0 0 0
cpu0 %[1]d 0 0 %[2]d 0 0 0 0 0 0
intr 0
ctxt 0
btime %[3]d
processes 1
procs_running 1
procs_blocked 0
softirq 0 0 0 0 0 0 0 0 0 0 0
`, f.user, f.idle, f.booted.Unix())
}
