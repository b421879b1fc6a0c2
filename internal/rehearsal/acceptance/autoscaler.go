package acceptance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"syscall"
	"time"
)

const (
	lineAutoscalerImage = "an image is built from the folder autoscaler alone"
	lineUp              = "after a webhook at /up there are 2 members"
	lineDown            = "after a webhook at /down there is 1 member"
	lineStays           = "after another one at /down there is still 1 member"

	webhookLimit = 15 * time.Minute
	// webhookTries is how often a webhook is sent until it is accepted.
	webhookTries = 11
	// effectTime is how long the pool is watched after the last webhook: a turn
	// of an autoscaler, and a half.
	effectTime = 90 * time.Second
)

// autoscaler runs the webhook receiver of the hand-in.
func (r *run) autoscaler() scenario {
	webhook := func(line, after string, do func(context.Context, check) (string, error)) check {
		return check{Line: Line{Text: line, Limit: webhookLimit}, after: []string{after, lineStarted}, do: r.withLog(do)}
	}
	return scenario{sprint: 3, name: nameAutoscaler, optional: true, skip: r.noContainers("autoscaler"), checks: []check{
		r.built(lineAutoscalerImage, "autoscaler"),
		r.apply(),
		r.started(lineAutoscalerImage),
		r.emptied(lineEmptied1, 1),
		r.healthy(lineEmptied1),
		webhook(lineUp, lineEmptied1, r.webhook("/up", 2)),
		webhook(lineDown, lineUp, r.webhook("/down", 1)),
		webhook(lineStays, lineDown, r.lastStays),
		r.stopped(),
	}, end: r.closeContainer}
}

// webhook returns a check that sends a webhook and waits for a number of
// members.
func (r *run) webhook(path string, size int) func(context.Context, check) (string, error) {
	return func(ctx context.Context, c check) (string, error) {
		if err := r.send(ctx, path); err != nil {
			return "", err
		}
		return r.eventually(r.present(size))(ctx, c)
	}
}

// lastStays sends a webhook at which the last member has to stay. The checker looks at
// once, which is before most autoscalers do anything; what they do then is advice.
func (r *run) lastStays(ctx context.Context, c check) (string, error) {
	note, err := r.webhook("/down", 1)(ctx, c)
	if err != nil {
		return note, err
	}
	c.Limit = r.scaled(effectTime)
	_, err = r.eventually(func(context.Context) (bool, string) {
		p, err := r.pool()
		return err == nil && p.Size == 0, note
	})(ctx, c)
	if err == nil {
		r.advise("the autoscaler leaves the last member", "after another webhook at /down it set the pool to 0 members",
			"let it set no size below 1: without a member nothing answers, and there is no CPU use to measure")
	}
	return note, ctx.Err()
}

// send sends a webhook until it is accepted.
func (r *run) send(ctx context.Context, path string) (err error) {
	for range webhookTries {
		var status int
		status, _, err = r.get(ctx, r.container.container.URL()+path)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
		case status < http.StatusOK || status >= http.StatusMultipleChoices:
			err = fmt.Errorf("it answers %d", status)
		default:
			return nil
		}
	}
	err = fmt.Errorf("send a webhook to %s, %d times: %w", path, webhookTries, err)
	if errors.Is(err, syscall.ECONNREFUSED) {
		err = fmt.Errorf("%w: the program has to listen on all addresses (0.0.0.0) of the container, with LISTEN_PORT", err)
	}
	return err
}
