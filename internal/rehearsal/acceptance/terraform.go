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
	lineDestroy = "terraform destroy ends without an error"
	lineState   = "no resource is left in the state"
)

// apply returns the check with which each scenario begins. The first one
// installs; the others show what another apply does to an installation in use.
func (r *run) apply() check {
	return check{Line: Line{Text: lineApply}, do: func(ctx context.Context, _ check) (string, error) {
		before, again := r.shape(), r.applied
		err := r.command(ctx, r.ApplyTimeout, lineApply, r.inventorySize, r.Installer.Apply)
		if err != nil {
			return "", err
		}
		r.applied = true
		r.adviseKey()
		changes := ""
		if again {
			changes = r.compareShapes(before, r.shape())
		}
		partly := r.Partly()
		if partly == "" {
			return changes, nil
		}
		return "", fmt.Errorf("%w: it does, but %s", errPartly, strings.Join(nonEmpty(partly, changes), "; "))
	}}
}

func nonEmpty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(text string) bool { return text == "" })
}

// A shape is what another apply should leave as it is.
type shape struct {
	size   int
	things []string // ids of what is no member
}

func (r *run) shape() (s shape) {
	if p, err := r.pool(); err == nil {
		s.size, s.things = p.Size, append(s.things, p.ID)
	}
	for _, b := range r.Cloud.Balancers() {
		s.things = append(s.things, b.ID)
	}
	s.things = append(s.things, ids(r.outside())...)
	slices.Sort(s.things)
	return s
}

// compareShapes says what an apply has changed, and gives advice.
func (r *run) compareShapes(before, after shape) string {
	var changes []string
	if before.size != after.size {
		changes = append(changes, fmt.Sprintf("the pool went from %d to %d meanwhile", before.size, after.size))
		r.advise("another apply leaves the size of the pool to the autoscaler", changes[0],
			"exoscale_instance_pool: lifecycle { ignore_changes = [size] }")
	}
	if !slices.Equal(before.things, after.things) {
		changes = append(changes, "it replaced pool, load balancer or monitoring machine")
		r.advise("another apply changes nothing", changes[len(changes)-1], "terraform plan after apply shows what differs")
	}
	return strings.Join(changes, "; ")
}

// inventorySize returns how much there is in the account.
func (r *run) inventorySize() string {
	things := 0
	for _, entries := range r.Cloud.Inventory() {
		things += len(entries)
	}
	return fmt.Sprintf("%d things in the account", things)
}

// removing destroys, whatever happened before.
func (r *run) removing() scenario {
	return scenario{sprint: 1, name: nameRemoving, checks: []check{
		r.apply(),
		{Line: Line{Text: lineDestroy}, cleanup: true, do: r.destroy},
		{Line: Line{Text: lineState}, cleanup: true, do: r.emptiesState},
	}}
}

// removeAnyway destroys where that is not asked for.
func (r *run) removeAnyway(ctx context.Context) {
	_, err := r.destroy(ctx, check{})
	if err == nil {
		_, err = r.emptiesState(ctx, check{})
	}
	if err != nil && !errors.Is(err, errCannotTell) {
		r.advise("terraform destroy removes the installation", err.Error())
	}
}

func (r *run) destroy(ctx context.Context, _ check) (string, error) {
	r.stopLoad()
	resources, err := r.Installer.Resources(ctx)
	if err == nil && len(resources) == 0 && len(r.left()) == 0 {
		return "nothing was created", nil
	}
	if err := r.command(ctx, r.DestroyTimeout, lineDestroy, r.inventorySize, r.Installer.Destroy); err != nil {
		return "", r.afterInterrupt(errors.Join(err, stillThere(r.left())))
	}
	return "", r.leavesNothing(ctx)
}

// leaveLimit is how long things may be listed after they were destroyed.
const leaveLimit = 30 * time.Second

// leavesNothing advises against what is not in the state and stays.
func (r *run) leavesNothing(ctx context.Context) error {
	const text = "terraform destroy leaves nothing in the account"
	_, err := r.eventually(func(context.Context) (bool, string) {
		left := r.left()
		if len(left) == 0 {
			return true, ""
		}
		return false, stillThere(left).Error()
	})(ctx, check{Line: Line{Text: text, Limit: r.scaled(leaveLimit)}})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil || r.applyInterrupted:
		return r.afterInterrupt(err)
	}
	r.advise(text, stillThere(r.left()).Error(), "what a program creates in the account, no destroy removes")
	return nil
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
