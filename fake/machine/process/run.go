package process

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/internal/lines"
)

// maxLine bounds what a member can make its parent keep in memory.
const maxLine = 4096

// killMargin is how long after its grace a member may take to end.
const killMargin = time.Second

// A run is one time a machine is on, from Start to the end of its process.
type run struct {
	machine driverapi.Machine
	logger  *slog.Logger
	off     context.CancelFunc
	ended   chan struct{}
	pid     atomic.Int64 // 0 before the process began

	destroyed chan struct{} // closed by destroy
	destroy   func()        // leaves the process no time to end
}

func newRun(m driverapi.Machine, logger *slog.Logger) *run {
	destroyed := make(chan struct{})
	return &run{
		machine: m, logger: logger.With("machine", m.Name, "address", m.Address), ended: make(chan struct{}),
		destroyed: destroyed, destroy: sync.OnceFunc(func() { close(destroyed) }),
	}
}

func (r *run) over() bool { return isClosed(r.ended) }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (r *run) dir(parent string) string {
	return filepath.Join(parent, r.machine.Address.String())
}

// live runs the machine: boot, serve until ctx ends, finish, leave nothing.
func (r *run) live(ctx context.Context, s MemberSettings, kill <-chan struct{}) {
	boot := time.NewTimer(r.machine.BootTime)
	defer boot.Stop()
	select {
	case <-ctx.Done():
		return
	case <-boot.C:
	}
	cmd, err := r.spawn(s)
	if err != nil {
		r.logger.Error("member not started", "err", err)
		return
	}
	defer r.clean(s.Dir)
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		err = cmd.Wait()
	}()
	select {
	case <-exited:
		// Whatever the status: it was not asked to end.
		r.logger.Error("member died", "pid", cmd.Process.Pid, "exit", cmd.ProcessState.String(), "err", err)
		return
	case <-ctx.Done():
	}
	r.end(cmd, exited, s.Grace, kill)
	if err != nil && !isClosed(r.destroyed) {
		r.logger.Warn("member ended badly", "err", err)
	}
}

func (r *run) spawn(s MemberSettings) (*exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	settings, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	cmd := &exec.Cmd{
		Path: program,
		Args: []string{program, MemberArgument, r.machine.Name},
		// The parent's environment may hold credentials.
		Env: []string{"GOMAXPROCS=1"},
		Stderr: &lines.Writer{Max: maxLine, Func: func(line string) {
			r.logger.Info("member says", "line", line)
		}},
		SysProcAttr: ownProcessGroup(),
		WaitDelay:   time.Second,
	}
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r.pid.Store(int64(cmd.Process.Pid))
	if _, err := input.Write(settings); err != nil {
		// It ended before it read; Wait returns how.
		r.logger.Error("member not told its settings", "err", err)
	}
	r.logger.Debug("member started", "pid", cmd.Process.Pid)
	return cmd, nil
}

// end asks the process to finish, kills it when it takes too long or is
// destroyed, and returns when it is gone.
func (r *run) end(cmd *exec.Cmd, exited <-chan struct{}, grace time.Duration, kill <-chan struct{}) {
	if !isClosed(r.destroyed) {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			r.logger.Debug("member gone before it was asked to end", "err", err)
		}
	}
	limit := time.NewTimer(grace + killMargin)
	defer limit.Stop()
	select {
	case <-exited:
		return
	case <-limit.C:
		r.logger.Warn("member killed: it did not end in time", "grace", grace)
	case <-r.destroyed:
		r.logger.Debug("member killed: it is destroyed")
	case <-kill:
		r.logger.Warn("member killed: no time left")
	}
	if err := cmd.Process.Kill(); err != nil {
		r.logger.Debug("member gone before it was killed", "err", err)
	}
	<-exited
}

// clean removes what a killed member could not.
func (r *run) clean(dir string) {
	if err := os.RemoveAll(dir); err != nil {
		r.logger.Error("directory of member not removed", "err", fmt.Errorf("remove %s: %w", dir, err))
	}
}
