package test_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/exopool/exopool/autoscale"
)

// rest is long enough, once nothing happens any more, for every webhook to be
// acted on or to expire, and for every transition to end.
const rest = 15 * time.Minute

// play plays a schedule and returns the promises that were broken.
func play(ctx context.Context, dir string, s schedule) []string {
	y, err := newSystem(ctx, dir, s)
	if err != nil {
		return []string{err.Error()}
	}
	defer y.cloud.Close()
	defer y.terminate()
	for _, e := range s.events {
		time.Sleep(e.wait)
		if err := y.happen(ctx, e); err != nil {
			return []string{fmt.Sprintf("%s: %v", e, err)}
		}
		y.checkSize()
		y.ledger.targets(y.targetFile())
	}
	y.cloud.Faults().Clear()
	if err := y.cloud.SetPoolState(y.pool, "running"); err != nil {
		return []string{err.Error()}
	}
	time.Sleep(rest)
	y.checkSize()
	y.ledger.targets(y.targetFile())
	y.terminate()
	return y.ledger.close()
}

// terminate ends both programs; a second time it does nothing.
func (y *system) terminate() {
	y.discovery.terminate()
	y.autoscaler.terminate()
}

func (y *system) checkSize() {
	if size := y.size(); size < minSize || size > maxSize {
		y.ledger.mu.Lock()
		y.ledger.breaks("the pool has %d members", size)
		y.ledger.mu.Unlock()
	}
}

const resolved = `{"status": "resolved", "alerts": [{"status": "resolved", "labels": {"alertname": "CPU high"}}]}`

func (y *system) happen(ctx context.Context, e event) (err error) {
	switch e.kind {
	case "up", "down":
		err = y.ask(autoscale.Direction(e.kind), 1)
	case "burst":
		err = y.ask(autoscale.Up, 20)
	case "resolved":
		err = status(y.webhook("/up", "application/json", resolved), http.StatusOK)
	case "garbage":
		err = status(y.webhook("/down", "application/json", "{"), http.StatusBadRequest)
	case "fault":
		_, err = y.cloud.Faults().Add(e.fault)
	case "end of faults":
		y.cloud.Faults().Clear()
	case "kill autoscaler":
		err = y.killAutoscaler()
	case "restart autoscaler":
		err = y.restartAutoscaler()
	case "kill discovery":
		y.discovery.kill()
		err = y.startDiscovery()
	case "foreign size":
		// A pool that is busy refuses that.
		if y.size() != e.size && y.cloud.SetPoolSize(y.pool, e.size) == nil {
			y.ledger.resizedByOthers()
		}
	case "lost member":
		y.loseMember(ctx)
	case "suspend":
		err = y.cloud.SetPoolState(y.pool, "suspended")
	case "resume":
		err = y.cloud.SetPoolState(y.pool, "running")
	default:
		err = fmt.Errorf("unknown kind of event %q", e.kind)
	}
	return err
}

// ask posts webhooks that count.
func (y *system) ask(direction autoscale.Direction, times int) error {
	for range times {
		// Written down first: a turn that is just due may act on the webhook
		// before its answer is here.
		y.ledger.received(direction)
		if err := status(y.webhook("/"+string(direction), "", ""), http.StatusOK); err != nil {
			return err
		}
	}
	return nil
}

func status(got, want int) error {
	if got != want {
		return fmt.Errorf("answered %d instead of %d", got, want)
	}
	return nil
}
