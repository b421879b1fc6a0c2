package exoapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/exopool/exopool/fake/exoapi/internal/iam"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// Call makes one signed API call in process, for setting the scene in demos
// and tests: what real users do with Terraform. The path starts with /v2/;
// body is sent as JSON unless it is nil, and the answer decoded into answer
// unless that is nil. The error carries the API's own message.
func (c *Cloud) Call(ctx context.Context, method, path string, body, answer any) error {
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return fmt.Errorf("encode the body of %s %s: %w", method, path, err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://127.0.0.1"+path, bytes.NewReader(sent))
	if err != nil {
		return fmt.Errorf("call %s %s: %w", method, path, err)
	}
	query, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		return fmt.Errorf("call %s %s: %w", method, path, err)
	}
	key, secret := c.Credential()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", iam.Sign(key, secret, req, query, sent, c.cfg.Clock.Now()))
	resp, err := c.Transport().RoundTrip(req)
	if err != nil {
		return fmt.Errorf("call %s %s: %w", method, path, err)
	}
	defer resp.Body.Close()
	received, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("read the answer to %s %s: %w", method, path, err)
	}
	if resp.StatusCode != http.StatusOK {
		var refusal struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(received, &refusal) != nil || refusal.Message == "" {
			refusal.Message = resp.Status
		}
		return fmt.Errorf("call %s %s: %d: %s", method, path, resp.StatusCode, refusal.Message)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(received, answer); err != nil {
		return fmt.Errorf("decode the answer to %s %s: %w", method, path, err)
	}
	return nil
}

// Do is [Cloud.Call] for a call that starts an operation, and waits until that
// has ended. It returns the id of what the operation was about.
func (c *Cloud) Do(ctx context.Context, method, path string, body any) (id string, err error) {
	var op struct {
		ID        string `json:"id"`
		State     string `json:"state"`
		Message   string `json:"message"`
		Reference struct {
			ID string `json:"id"`
		} `json:"reference"`
	}
	if err := c.Call(ctx, method, path, body, &op); err != nil {
		return "", err
	}
	if op.ID == "" {
		return "", fmt.Errorf("call %s %s: the answer is no operation", method, path)
	}
	for op.State == "pending" {
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("wait for %s %s: %w", method, path, ctx.Err())
		case <-c.cfg.Clock.After(world.Bounded(float64(time.Second) / c.Speed())):
		}
		if err := c.Call(ctx, http.MethodGet, "/v2/operation/"+op.ID, nil, &op); err != nil {
			return "", err
		}
	}
	if op.State != "success" {
		return "", fmt.Errorf("call %s %s: %w", method, path, errors.New(op.State+": "+op.Message))
	}
	return op.Reference.ID, nil
}
