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
)

// autoscaler runs the webhook receiver of the hand-in.
func (r *run) autoscaler() scenario {
	webhook := func(line, path string, size int, after string) check {
		return check{Line: Line{Text: line, Limit: webhookLimit}, after: []string{after, lineStarted}, do: r.withLog(r.webhook(path, size))}
	}
	return scenario{sprint: 3, name: nameAutoscaler, optional: true, skip: r.noContainers("autoscaler"), checks: []check{
		r.built(lineAutoscalerImage, "autoscaler"),
		r.apply(),
		r.started(lineAutoscalerImage),
		r.emptied(lineEmptied1, 1),
		r.healthy(lineEmptied1),
		webhook(lineUp, "/up", 2, lineEmptied1),
		webhook(lineDown, "/down", 1, lineUp),
		webhook(lineStays, "/down", 1, lineDown),
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
