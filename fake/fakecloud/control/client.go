package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
)

const (
	// timeout is for one request to a server on the same host.
	timeout = 5 * time.Second
	// loadTimeout is for the whole state, which may be long.
	loadTimeout = 2 * time.Minute
	// maxResponse is how much of a response is read, in bytes.
	maxResponse = exoapi.MaxState
)

// A Client asks the control API of a running cloud.
type Client struct {
	URL   string // of the cloud, without a path
	Token string
}

// Faults returns the active faults.
func (c *Client) Faults(ctx context.Context) (active []Fault, err error) {
	err = c.call(ctx, http.MethodGet, "faults", nil, &active)
	return active, err
}

// AddFault adds a fault and returns its number.
func (c *Client) AddFault(ctx context.Context, f Fault) (number int, err error) {
	err = c.call(ctx, http.MethodPost, "faults", f, &number)
	return number, err
}

// RemoveFault removes a fault; that there is none with this number is no error.
func (c *Client) RemoveFault(ctx context.Context, number int) error {
	return c.call(ctx, http.MethodDelete, "faults/"+strconv.Itoa(number), nil, nil)
}

// ClearFaults removes all faults.
func (c *Client) ClearFaults(ctx context.Context) error {
	return c.call(ctx, http.MethodDelete, "faults", nil, nil)
}

// Calls returns how often which operation of the API was called.
func (c *Client) Calls(ctx context.Context) (exoapi.Calls, error) {
	var counted calls
	err := c.call(ctx, http.MethodGet, "calls", nil, &counted)
	return exoapi.Calls(counted), err
}

// Clock returns how fast the cloud's time passes.
func (c *Client) Clock(ctx context.Context) (clock Clock, err error) {
	err = c.call(ctx, http.MethodGet, "clock", nil, &clock)
	return clock, err
}

// SetSpeed changes how fast the cloud's time passes.
func (c *Client) SetSpeed(ctx context.Context, speed float64) error {
	return c.call(ctx, http.MethodPut, "clock", map[string]float64{"speed": speed}, nil)
}

// Exchanges returns the calls that came after the one with a number, oldest first,
// and not all at once if they are many. Without any, it waits up to two
// seconds, and may return none.
func (c *Client) Exchanges(ctx context.Context, after int) (list []exoapi.Exchange, err error) {
	err = c.call(ctx, http.MethodGet, "exchanges?after="+strconv.Itoa(after), nil, &list)
	return list, err
}

// Reset removes everything, as if the cloud had just begun.
func (c *Client) Reset(ctx context.Context) error {
	_, err := c.do(ctx, http.MethodPost, "reset", nil, loadTimeout)
	return err
}

// Save returns the state, for Load.
func (c *Client) Save(ctx context.Context) (state []byte, err error) {
	return c.do(ctx, http.MethodGet, "state", nil, loadTimeout)
}

// Load replaces the state by one that Save returned.
func (c *Client) Load(ctx context.Context, state []byte) error {
	_, err := c.do(ctx, http.MethodPut, "state", state, loadTimeout)
	return err
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answer, err := c.do(ctx, method, path, body, timeout)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(answer, out)
}

// do makes a request, and returns the answer to one that succeeded.
func (c *Client) do(ctx context.Context, method, path string, body []byte, within time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.URL+Path+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse))
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode != http.StatusOK:
		return nil, errors.New(strings.TrimSpace(string(answer)))
	}
	return answer, nil
}
