package exoscale

import (
	"context"
	"fmt"
	"time"

	"github.com/exoscale/egoscale/v2/oapi"
)

// await waits until the operation has succeeded, at most for
// [Config.OperationTimeout]. The error does not say whether the operation had an
// effect.
func (c *Client) await(ctx context.Context, op *oapi.Operation) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.cfg.OperationTimeout,
		fmt.Errorf("still running after %s: %w", c.cfg.OperationTimeout, context.DeadlineExceeded))
	defer cancel()
	poll := time.NewTicker(c.cfg.PollInterval)
	defer poll.Stop()
	for {
		done, err := c.outcome(op)
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-poll.C:
		}
		resp, err := c.api.GetOperationWithResponse(ctx, *op.Id)
		switch {
		case err != nil && ctx.Err() != nil:
			return fmt.Errorf("wait for operation %s: %w", *op.Id, context.Cause(ctx))
		case err != nil:
			return fmt.Errorf("wait for operation %s: %w", *op.Id, c.explain(err))
		}
		op = resp.JSON200
	}
}

// outcome reports whether the operation is done, or how it failed.
func (c *Client) outcome(op *oapi.Operation) (done bool, err error) {
	switch {
	case op.Id == nil:
		return false, missingField("operation id")
	case op.State == nil:
		return false, missingField("operation state")
	}
	switch *op.State {
	case oapi.OperationStatePending:
		return false, nil
	case oapi.OperationStateSuccess:
		return true, nil
	default:
		return false, fmt.Errorf("operation %s ended as %s: %s", *op.Id, *op.State,
			c.cfg.clean(string(orZero(op.Reason))+" "+orZero(op.Message)))
	}
}
