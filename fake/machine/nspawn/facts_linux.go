package nspawn

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn/container"
	"github.com/exopool/exopool/fake/machine/nspawn/inspection"
)

const (
	// questionTimeout bounds what a machine may take to answer one question.
	questionTimeout = 15 * time.Second
	// maxAnswer bounds the answer, in bytes.
	maxAnswer = 1 << 20
)

var (
	_ driverapi.Inspector       = (*Driver)(nil)
	_ driverapi.HealthExplainer = (*Driver)(nil)
)

// Inspect returns what goes on in a machine, see [driverapi.Inspector]: what it is
// doing from the host's /proc, and its containers and services from the programs
// in it that know.
func (d *Driver) Inspect(ctx context.Context, id string) (driverapi.Facts, error) {
	m := d.machine(id)
	if m == nil {
		return driverapi.Facts{}, fmt.Errorf("inspect machine %s: there is none", id)
	}
	m.mu.Lock()
	process := m.process
	facts := driverapi.Facts{On: m.want == on && process != nil, Done: m.outcomeKnown, Complaints: slices.Clone(m.complaints)}
	if facts.Done {
		facts.DoneSince = time.Since(m.outcomeAt)
	}
	m.mu.Unlock()
	if process == nil {
		return facts, nil
	}
	leader, err := process.Leader()
	if err != nil {
		return facts, nil //nolint:nilerr // it is about to boot, or to end
	}
	facts.Sockets = inspection.Sockets(kernelTable(leader, "tcp"), kernelTable(leader, "tcp6"))
	if !facts.Done {
		facts.Working = inspection.Working(os.DirFS("/proc"), leader)
	}
	facts.Containers = inspection.Containers(ask(ctx, *process, inspection.Script), func(id string, lines int) string {
		return ask(ctx, *process, inspection.LogScript, id, strconv.Itoa(lines))
	})
	facts.FailedUnits = inspection.Lines(ask(ctx, *process, inspection.UnitScript), maxFailedUnits)
	return facts, nil
}

const maxFailedUnits = 10

func kernelTable(pid int, name string) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, name))
	if err != nil {
		return "" // it has ended
	}
	return string(text)
}

// ask returns what a script prints in the machine; nothing if that fails, as it
// does while the machine boots.
func ask(ctx context.Context, process container.Process, script string, args ...string) string {
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	var printed bytes.Buffer
	command := append([]string{"sh", "-c", script, "sh"}, args...)
	if _, err := process.Run(ctx, command, nil, &atMost{&printed, maxAnswer}, io.Discard); err != nil {
		return ""
	}
	return printed.String()
}

// atMost passes on the first bytes only.
type atMost struct {
	to   io.Writer
	left int
}

func (w *atMost) Write(p []byte) (int, error) {
	n := min(len(p), w.left)
	w.left -= n
	if _, err := w.to.Write(p[:n]); err != nil {
		return 0, err
	}
	return len(p), nil
}
