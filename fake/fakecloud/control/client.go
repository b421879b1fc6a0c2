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
	// maxResponse is how much of a response is read, in bytes.
	maxResponse = 1 << 20
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
func (c *Client) Calls(ctx context.Context) (calls exoapi.Calls, err error) {
	err = c.call(ctx, http.MethodGet, "calls", nil, &calls)
	return calls, err
}

// Exchanges returns the calls that came after the one with a number, oldest first,
// and not all at once if they are many. Without any, it waits up to two
// seconds, and may return none.
func (c *Client) Exchanges(ctx context.Context, after int) (list []exoapi.Exchange, err error) {
	err = c.call(ctx, http.MethodGet, "exchanges?after="+strconv.Itoa(after), nil, &list)
	return list, err
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, c.URL+Path+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse))
	switch {
	case err != nil:
		return err
	case resp.StatusCode != http.StatusOK:
		return errors.New(strings.TrimSpace(string(answer)))
	case out == nil:
		return nil
	}
	return json.Unmarshal(answer, out)
}
