package exoscale

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/exopool/exopool/autoscale"
)

// A caller makes one call of the API with all its attempts. It returns a whole
// JSON answer with status 200, or an error: egoscale would dereference a nil
// pointer on anything else.
type caller struct {
	cfg     Config
	once    *attempts
	retries http.RoundTripper
}

func newCaller(cfg Config, m *metrics) *caller {
	once := &attempts{next: cfg.Transport, timeout: cfg.Timeout, metrics: m}
	return &caller{cfg: cfg, once: once, retries: newRetries(cfg, once)}
}

// RoundTrip implements [http.RoundTripper].
func (c *caller) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if c.cfg.ReadOnly && req.Method != http.MethodGet {
		return nil, errReadOnly
	}
	past := new(history)
	var exchange http.RoundTripper = c.once
	if repeats(req.Method) {
		exchange = c.retries
	}
	resp, err := exchange.RoundTrip(req.WithContext(context.WithValue(ctx, historyKey{}, past)))
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		return nil, ctx.Err()
	case errors.Is(err, errMalformed):
		return nil, err
	case past.status == 0 && errors.Is(err, autoscale.ErrRateLimited):
		// Another call was told to wait, perhaps after a first attempt of this
		// one brought no answer.
		return nil, err
	case err != nil && past.status == 0 && past.failure != nil && ctx.Err() != nil:
		// The cause is the failure, not that the time ran out.
		return nil, fmt.Errorf("%w: %s: %w%s: %w", ErrUnreachable, c.cfg.Remedies.Unreachable, past.failure, past, err)
	case err != nil && past.status == 0:
		return nil, fmt.Errorf("%w: %s: %w%s", ErrUnreachable, c.cfg.Remedies.Unreachable, err, past)
	case err != nil || past.status != http.StatusOK:
		// An error after an answer means that the time ran out before the
		// next attempt. The answer says why another was needed.
		return nil, c.refusal(req, past, err)
	}
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || (media != "application/json" && !strings.HasSuffix(media, "+json")) {
		return nil, fmt.Errorf("%w: content type %.50q instead of JSON", errMalformed, media)
	}
	// egoscale expects it to contain "json" in lower case.
	resp.Header.Set("Content-Type", "application/json")
	return resp, nil
}

// refusal returns the last answer as an error.
func (c *caller) refusal(req *http.Request, past *history, cause error) error {
	var wire struct {
		Message string `json:"message"`
	}
	message := string(past.body)
	if json.Unmarshal(past.body, &wire) == nil && wire.Message != "" {
		message = wire.Message
	}
	message = c.cfg.clean(message)
	if left := c.once.limit.left(time.Now()); left > 0 {
		message += fmt.Sprintf("; it asks to wait %s", left.Round(time.Second))
	}
	return &apiError{
		method:   req.Method,
		status:   past.status,
		message:  message,
		attempts: past.attempts,
		cause:    cause,
		remedy:   c.cfg.Remedies.Unauthorized,
	}
}
