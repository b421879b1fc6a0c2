package acceptance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	lineApply   = "terraform apply ends without an error"
	lineDestroy = "terraform destroy leaves nothing behind"
	lineState   = "no resource is left in the state"
)

// apply is the check that all others depend on.
func (r *run) apply() []check {
	return []check{{Line: Line{Text: lineApply}, do: func(ctx context.Context, _ check) (string, error) {
		return "", r.terraform(ctx, r.ApplyTimeout, lineApply, r.Installer.Apply)
	}}}
}

// destroy returns the checks that are performed whatever happened before.
func (r *run) destroy() []check {
	return []check{
		{Line: Line{Text: lineDestroy}, do: r.leavesNothing},
		{Line: Line{Text: lineState}, do: r.emptiesState},
	}
}

func (r *run) leavesNothing(ctx context.Context, c check) (string, error) {
	resources, err := r.Installer.Resources(ctx)
	if err == nil && len(resources) == 0 && len(r.left()) == 0 {
		return "nothing was created", nil
	}
	if err := r.terraform(ctx, r.DestroyTimeout, lineDestroy, r.Installer.Destroy); err != nil {
		return "", r.afterInterrupt(errors.Join(err, stillThere(r.left())))
	}
	c.Limit = r.scaled(leaveLimit) // the last machines take a moment to disappear
	note, err := r.eventually(func(context.Context) (bool, string) {
		left := r.left()
		if len(left) == 0 {
			return true, ""
		}
		return false, stillThere(left).Error()
	})(ctx, c)
	return note, r.afterInterrupt(err)
}

func (r *run) emptiesState(ctx context.Context, _ check) (string, error) {
	resources, err := r.Installer.Resources(ctx)
	if err == nil && len(resources) > 0 {
		err = fmt.Errorf("it lists %s", strings.Join(resources, ", "))
	}
	return "", r.afterInterrupt(err)
}

// afterInterrupt turns what is left after an interrupted apply into no fault of
// the configuration: the provider, 0.69.3, forgets what it is creating then.
func (r *run) afterInterrupt(err error) error {
	if err == nil || !r.applyInterrupted {
		return err
	}
	return fmt.Errorf("%w: apply was interrupted, and the provider forgets what it is creating then: %w", errCannotTell, err)
}

// leaveLimit is how long things may be listed after they were destroyed.
const leaveLimit = 30 * time.Second

// terraform runs a command with a timeout, and reports its progress.
func (r *run) terraform(ctx context.Context, timeout time.Duration, line string, command func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("timed out after %s", timeout))
	defer cancel()
	start := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- command(ctx) }()
	ticker := time.NewTicker(r.Poll)
	defer ticker.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-ticker.C:
			r.Progress(line, r.inventorySize(), time.Since(start), timeout)
		}
	}
}

// inventorySize returns how much there is in the account.
func (r *run) inventorySize() string {
	things := 0
	for _, entries := range r.Cloud.Inventory() {
		things += len(entries)
	}
	return fmt.Sprintf("%d things in the account", things)
}

// left returns what is in the account and was not there before, by kind.
func (r *run) left() []string {
	after := r.Cloud.Inventory()
	var left []string
	for _, kind := range slices.Sorted(maps.Keys(after)) {
		for _, entry := range after[kind] {
			if !slices.Contains(r.before[kind], entry) {
				left = append(left, kind+" "+entry)
			}
		}
	}
	return left
}

// stillThere names the first of what is left; nil when nothing is.
func stillThere(left []string) error {
	const most = 5
	switch {
	case len(left) == 0:
		return nil
	case len(left) > most:
		return fmt.Errorf("still there: %s and %d more", strings.Join(left[:most], ", "), len(left)-most)
	}
	return fmt.Errorf("still there: %s", strings.Join(left, ", "))
}
