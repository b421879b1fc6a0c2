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

// arrival is the one step that everything else follows.
func (r *run) arrival() []step {
	return []step{{line: lineApply, check: func(ctx context.Context, _ step) (string, error) {
		return "", r.terraform(ctx, r.ApplyLimit, lineApply, r.Installer.Apply)
	}}}
}

// departure is taken whatever happened before.
func (r *run) departure(before map[string][]string) []step {
	return []step{
		{line: lineDestroy, check: func(ctx context.Context, s step) (string, error) {
			resources, err := r.Installer.Resources(ctx)
			if err == nil && len(resources) == 0 && len(r.left(before)) == 0 {
				return "nothing was made", nil
			}
			if err := r.terraform(ctx, r.DestroyLimit, lineDestroy, r.Installer.Destroy); err != nil {
				return "", r.excuse(errors.Join(err, stillThere(r.left(before))))
			}
			s.limit = r.scaled(leaveLimit) // the last machines take a moment to go
			note, err := r.await(ctx, s, now(), func(context.Context) (bool, string) {
				left := r.left(before)
				if len(left) == 0 {
					return true, ""
				}
				return false, stillThere(left).Error()
			})
			return note, r.excuse(err)
		}},
		{line: lineState, check: func(ctx context.Context, _ step) (string, error) {
			resources, err := r.Installer.Resources(ctx)
			if err == nil && len(resources) > 0 {
				err = fmt.Errorf("it lists %s", strings.Join(resources, ", "))
			}
			return "", r.excuse(err)
		}},
	}
}

// excuse takes the blame for what is left from the configuration when apply
// was interrupted: the provider, 0.69.3, forgets what it is creating then.
func (r *run) excuse(err error) error {
	if err == nil || !r.cut {
		return err
	}
	return fmt.Errorf("%w: apply was interrupted, and the provider forgets what it is just creating: %w", errUnseen, err)
}

// leaveLimit is how long things may be listed after they were destroyed.
const leaveLimit = 30 * time.Second

// terraform runs a command with its limit, and tells that it goes on.
func (r *run) terraform(ctx context.Context, limit time.Duration, line string, command func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done after %s", limit))
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
			if r.Progress != nil {
				r.Progress(line, r.census(), time.Since(start), limit)
			}
		}
	}
}

// census counts what there is.
func (r *run) census() string {
	things := 0
	for _, entries := range r.Cloud.Inventory() {
		things += len(entries)
	}
	return fmt.Sprintf("%d things in the account", things)
}

// left lists what was not there before, by kind.
func (r *run) left(before map[string][]string) []string {
	after := r.Cloud.Inventory()
	var left []string
	for _, kind := range slices.Sorted(maps.Keys(after)) {
		for _, entry := range after[kind] {
			if !slices.Contains(before[kind], entry) {
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
