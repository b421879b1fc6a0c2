package nspawn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"runtime"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn/template"
)

const (
	// helperID is in the form of an instance's.
	helperID = "00000000-0000-4000-8000-68656c706572"
	// helperMemory is enough for compilers.
	helperMemory = 4 << 30
)

// StartHelper boots a machine that is no instance, see [driverapi.HelperStarter].
// It may use all CPUs of the host.
func (d *Driver) StartHelper(ctx context.Context, userData []byte) (driverapi.Helper, error) {
	if d.machine(helperID) != nil {
		return nil, errors.New("start the helper machine: there is one already")
	}
	cpus := math.Ceil(float64(runtime.NumCPU()) / d.cfg.CPU)
	err := d.Start(driverapi.Machine{
		ID: helperID, Name: "helper", Address: d.network.Helper(), Template: template.Default, UserData: userData,
		Type: driverapi.InstanceType{Family: "standard", Size: "huge", CPUs: int(cpus), Memory: helperMemory},
	})
	if err != nil {
		return nil, err
	}
	m := d.machine(helperID)
	if err := m.awaitOutcome(ctx); err != nil {
		d.Destroy(helperID)
		return nil, fmt.Errorf("start the helper machine: %w", err)
	}
	return helper{m}, nil
}

// awaitOutcome waits until it is known what became of the user-data.
func (m *machine) awaitOutcome(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-m.ended:
		return errors.New("the driver is closed")
	case <-m.settled:
	}
	switch condition := m.status(); {
	case condition.Err != nil:
		return condition.Err
	case condition.Off:
		return errors.New("it shut itself down")
	}
	return nil
}

// A helper is the machine that [Driver.StartHelper] boots.
type helper struct{ machine *machine }

func (h helper) Address() netip.Addr { return h.machine.address }

func (h helper) Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (exitCode int, err error) {
	h.machine.mu.Lock()
	process := h.machine.process
	h.machine.mu.Unlock()
	if process == nil {
		return 0, errors.New("run a command in the helper machine: it is off")
	}
	return process.Run(ctx, args, stdin, stdout, stderr)
}
