package notifier

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// maxAnswer bounds how much of an answer is read before the connection is used
// again.
const maxAnswer = 64 << 10

// deliver makes one attempt, and counts and logs it. It reports whether the
// webhook was delivered.
func (n *Notifier) deliver(ctx context.Context, r route, firing []Alert) bool {
	ctx, cancel := context.WithTimeout(ctx, n.cfg.Timeout)
	defer cancel()

	status, err := n.post(ctx, r, firing)
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return false // The program ends: this is no failure.
	}
	n.count(r.direction, err)
	if err != nil {
		n.cfg.Logger.Warn("webhook not delivered", "direction", r.direction, "status", status, "err", err)
	}
	n.cfg.OnDelivery(r.direction, status, err)
	return err == nil
}

func (n *Notifier) post(ctx context.Context, r route, firing []Alert) (status int, err error) {
	path := "/" + r.direction
	body, err := json.Marshal(newPayload(r, firing))
	if err != nil {
		return 0, fmt.Errorf("encode webhook %s: %w", path, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.base.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("make request for webhook %s: %w", path, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "exopool-demo")
	if n.cfg.Token != "" {
		req.Header.Set("Authorization", "Bearer "+n.cfg.Token)
	}
	resp, err := n.client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("post webhook %s: %w", path, cause(err))
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return resp.StatusCode, fmt.Errorf("read answer to webhook %s: %w", path, err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return resp.StatusCode, fmt.Errorf("post webhook %s: receiver answered %d", path, resp.StatusCode)
	}
	return resp.StatusCode, nil
}

func (n *Notifier) count(direction string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.counts[direction]
	if err == nil {
		c.Delivered++
	} else {
		c.Failed++
	}
	n.counts[direction] = c
}

// cause drops the method and URL that net/http puts before the error: the
// caller adds the path.
func cause(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
