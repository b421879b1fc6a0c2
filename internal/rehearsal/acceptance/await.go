package acceptance

import (
	"context"
	"fmt"
	"time"
)

// A probe reports whether a condition holds, and what was seen.
type probe func(context.Context) (holds bool, seen string)

// now returns a check of what holds already or does not.
func now(verify func() (string, error)) func(context.Context, check) (string, error) {
	return func(context.Context, check) (string, error) { return verify() }
}

// eventually returns a check that the condition holds within the line's limit.
func (r *run) eventually(condition probe) func(context.Context, check) (string, error) {
	return func(ctx context.Context, c check) (string, error) {
		start := time.Now()
		return r.await(ctx, c, func() time.Time { return start }, condition)
	}
}

// await polls until the condition holds, at most until the line's limit,
// counted from since. The error says what was seen last.
func (r *run) await(ctx context.Context, c check, since func() time.Time, condition probe) (note string, err error) {
	ticker := time.NewTicker(r.Poll)
	defer ticker.Stop()
	future := prognosis{run: r, about: c.about}
	for {
		holds, seen := condition(ctx)
		passed := time.Since(since())
		switch {
		case ctx.Err() != nil:
			return seen, ctx.Err()
		case holds:
			return seen, nil
		case passed >= c.Limit:
			return "", fmt.Errorf("timed out after %s: %s", c.Limit, seen)
		case future.hopeless(ctx):
			return "", fmt.Errorf("cannot hold any more: %s", seen)
		}
		r.Progress(c.Text, seen, passed, c.Limit)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// command runs what takes long and reports nothing itself, with a timeout. seen
// returns what can be seen of it meanwhile.
func (r *run) command(ctx context.Context, timeout time.Duration, line string, seen func() string, command func(context.Context) error) error {
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
			r.Progress(line, seen(), time.Since(start), timeout)
		}
	}
}
