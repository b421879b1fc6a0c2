package acceptance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
)

const (
	lineEmptied1 = "set to 1 and with all members deleted, the pool has 1 member again"
	lineEmptied2 = "set to 2 and with all members deleted, the pool has 2 members again"
	lineSet1     = "the pool can be set to 1 member"

	presentLimit = 5 * time.Minute
	// busyLimit is how long a pool may be at work before it takes a new size.
	busyLimit = time.Minute
)

// scaling replaces the members, as an outage would.
func (r *run) scaling() scenario {
	return scenario{sprint: 1, name: nameScaling, checks: []check{
		r.apply(),
		r.emptied(lineEmptied1, 1),
		r.healthy(lineEmptied1),
		r.answers(),
	}}
}

// emptied returns the check that a pool fills up again.
func (r *run) emptied(line string, size int) check {
	return check{Line: Line{Text: line, Limit: presentLimit}, after: []string{lineApply}, about: r.aboutMembers, do: func(ctx context.Context, c check) (string, error) {
		if _, err := r.resize(ctx, size); err != nil {
			return "", err
		}
		if err := r.deleteMembers(ctx); err != nil {
			return "", err
		}
		return r.eventually(r.present(size))(ctx, c)
	}}
}

// set1 returns the check that a pool takes a size, without waiting for more.
func (r *run) set1() check {
	return check{Line: Line{Text: lineSet1}, after: []string{lineApply}, do: func(ctx context.Context, _ check) (string, error) {
		return r.resize(ctx, 1)
	}}
}

// present returns the condition that exactly so many members run.
func (r *run) present(size int) probe {
	return func(context.Context) (bool, string) {
		n := len(r.running())
		return n == size, membersText(n)
	}
}

func membersText(n int) string {
	if n == 1 {
		return "1 member"
	}
	return fmt.Sprintf("%d members", n)
}

// resize sets the size of the pool. While that is at work, as when its own
// autoscaler has just changed it, it takes no size.
func (r *run) resize(ctx context.Context, size int) (note string, err error) {
	start := time.Now()
	for {
		p, err := r.pool()
		if err != nil {
			return "", err
		}
		_, err = r.Cloud.Do(ctx, http.MethodPut, "/z/"+p.Zone+"/v2/instance-pool/"+p.ID+":scale", map[string]int{"size": size})
		switch {
		case err == nil:
			return fmt.Sprintf("it was set to %d", p.Size), nil
		case ctx.Err() != nil:
			return "", ctx.Err()
		case p.State == running || time.Since(start) >= r.scaled(busyLimit):
			return "", fmt.Errorf("set the pool to %d: %w", size, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(r.Poll):
		}
	}
}

// deleteMembers deletes all members at once.
func (r *run) deleteMembers(ctx context.Context) error {
	members := r.members()
	faults := make([]error, len(members))
	var calls sync.WaitGroup
	for n, i := range members {
		calls.Go(func() {
			_, err := r.Cloud.Do(ctx, http.MethodDelete, "/z/"+i.Zone+"/v2/instance/"+i.ID, nil)
			if err != nil && r.isThere(i.ID) { // else another was faster
				faults[n] = fmt.Errorf("delete member %s: %w", i.Name, err)
			}
		})
	}
	calls.Wait()
	return errors.Join(faults...)
}

func (r *run) isThere(id string) bool {
	return slices.ContainsFunc(r.members(), func(i exoapi.InstanceInfo) bool { return i.ID == id })
}
