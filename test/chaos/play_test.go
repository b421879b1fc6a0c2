package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/exopool/exopool/autoscale"
)

// turns is how many turns the system has until it is in balance, once there are no
// more faults: a contention ends after ten, webhooks expire after five, a wait of
// discovery takes one, a pool is busy for less than one after each step.
const turns = 26

// play plays a schedule and returns the violations.
func play(ctx context.Context, dir string, s schedule, st *stats, trace *strings.Builder) []string {
	w, err := newWorld(ctx, dir, s, st, trace)
	if err != nil {
		return []string{fmt.Sprintf("set up: %v", err)}
	}
	defer w.cloud.Close()
	for _, e := range s.events {
		w.sleep(e.wait)
		if err := w.perform(ctx, e); err != nil {
			w.violation("%s: %v", e.kind, err)
			break
		}
	}
	w.endFaults()
	w.awaitBalance()
	w.end()
	for name, times := range w.cloud.Faults().Injected() {
		st.struck[name] += times
	}
	return w.violations
}

// endFaults ends all faults and repairs what is broken.
func (w *world) endFaults() {
	w.sleep(restartTime) // what was killed just now runs again
	w.mu.Lock()
	w.tracef("all faults end")
	w.cloud.Faults().Clear()
	for _, s := range w.scalers {
		s.setTrap(nil)
	}
	w.mu.Unlock()
	if !w.deleted {
		if err := w.cloud.SetPoolState(w.pool, "running"); err != nil {
			w.violation("%v", err)
		}
	}
	for i, s := range w.scalers {
		if i > 0 { // two would contend for ever
			if s.run != nil {
				s.run.terminate()
			}
			continue
		}
		if err := w.breakDisk(s, diskGood); err != nil {
			w.violation("%v", err)
		}
	}
	w.mu.Lock()
	err := w.targets.block(false)
	w.mu.Unlock()
	first := w.scalers[0]
	if _, paused := first.run.loop.Paused(); paused || w.schedule.seed%2 == 0 {
		first.operate(event{kind: "resume"})
	}
	if err == nil && w.discovery == nil && !w.schedule.alone {
		err = w.startDiscovery()
	}
	if err != nil {
		w.violation("%v", err)
	}
}

// awaitBalance waits until the system is in balance, and checks that it works.
func (w *world) awaitBalance() {
	s := w.scalers[0]
	w.mu.Lock()
	wait := time.Until(s.run.until)
	if w.discovery != nil {
		wait = max(wait, time.Until(w.discovery.until))
	}
	w.mu.Unlock()
	w.sleep(max(wait, 0) + time.Second)
	size := w.sizeNow()
	allowed := turns + (max(size-s.bounds.highest, s.bounds.lowest-size, 0)+s.bounds.step-1)/s.bounds.step
	if trouble := w.until(allowed, w.imbalance); trouble != "" {
		w.violation("no balance after %d turns: %s", allowed, trouble)
		return
	}
	if w.deleted {
		return
	}
	from, direction := w.sizeNow(), autoscale.Up
	if from >= s.bounds.highest {
		direction = autoscale.Down
	}
	to := max(from-s.bounds.step, s.bounds.lowest)
	if direction == autoscale.Up {
		to = min(from+s.bounds.step, s.bounds.highest)
	}
	if s.dry {
		to = from
	}
	w.awaitTurn(s) // one that began before may have read an older state
	s.post(direction, "", "")
	trouble := w.until(9, func() string {
		up, down := s.run.loop.Pending()
		size := w.sizeNow()
		if size != to && w.schedule.quota == 0 || up.Count+down.Count > 0 {
			return fmt.Sprintf("a webhook %s leaves the size at %d instead of %d", direction, size, to)
		}
		return ""
	})
	if trouble != "" {
		w.violation("%s", trouble)
	}
}

// sizeNow is the pool's size, as last seen.
func (w *world) sizeNow() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.size
}

// until waits until there is no more trouble, for a number of turns.
func (w *world) until(turns int, trouble func() string) (left string) {
	for range 3*turns + 1 {
		w.mu.Lock()
		w.observe()
		w.targets.checkFile()
		w.mu.Unlock()
		if left = trouble(); left == "" {
			return ""
		}
		w.sleep(20 * time.Second)
	}
	return left
}

// awaitTurn waits for the end of a turn, so that none is in progress.
func (w *world) awaitTurn(s *scaler) {
	latest := func() int {
		all := s.run.loop.Decisions()
		return all[len(all)-1].Turn
	}
	seen := latest()
	if trouble := w.until(2, func() string {
		if latest() == seen {
			return "no turn ends"
		}
		return ""
	}); trouble != "" {
		w.violation("%s: %s", s.name, trouble)
	}
}

// checkPages checks what the autoscaler shows to users.
func (s *scaler) checkPages() {
	for _, path := range []string{"/decisions", "/readyz"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		answer := httptest.NewRecorder()
		s.run.handler.ServeHTTP(answer, r)
		var decisions []autoscale.Decision
		switch {
		case path == "/decisions" && json.Unmarshal(answer.Body.Bytes(), &decisions) != nil:
			s.world.violation("%s shows %d %q for decisions", s.name, answer.Code, answer.Body)
		case slices.ContainsFunc(s.world.secrets, func(secret []byte) bool { return bytes.Contains(answer.Body.Bytes(), secret) }):
			s.world.violation("%s shows a secret on %s", s.name, path)
		}
	}
}

// imbalance returns what is not in balance, and nothing if all is.
func (w *world) imbalance() string {
	s := w.scalers[0]
	all := s.run.loop.Decisions()
	if len(all) == 0 {
		return "no turn has ended yet"
	}
	switch last := all[len(all)-1]; {
	case last.Reason == autoscale.ReasonContended, last.Reason == autoscale.ReasonSizeChanged:
		return "it is contended"
	case last.State == "" && !w.deleted:
		return "the latest turn could not read the pool"
	}
	up, down := s.run.loop.Pending()
	if up.Count+down.Count > 0 {
		return fmt.Sprintf("%d webhooks up and %d down wait", up.Count, down.Count)
	}
	if w.deleted {
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.targets.held) > 0 {
			return fmt.Sprintf("%d targets of a pool that is gone", len(w.targets.held))
		}
		return ""
	}
	if state := w.cloud.Pools()[0].State; state != "running" {
		return "the pool is " + state
	}
	if err := s.run.loop.Ready(); err != nil {
		return fmt.Sprintf("not ready: %v", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !s.dry && w.schedule.quota == 0 && (w.size < s.bounds.lowest || w.size > s.bounds.highest) {
		return fmt.Sprintf("the size %d is out of bounds", w.size)
	}
	if s.turn.claimed > 0 {
		return "a turn is under way"
	}
	if s.seen.left != w.size {
		return "the autoscaler has not seen the latest size"
	}
	if w.schedule.alone {
		return ""
	}
	return w.targets.difference()
}

// end ends all programs, and checks that no webhook was lost.
func (w *world) end() {
	w.sleep(restartTime)
	w.scalers[0].checkPages()
	for _, s := range w.scalers {
		if s.run != nil && !s.run.dead.Load() {
			s.run.terminate()
		}
	}
	if w.discovery != nil {
		w.discovery.terminate()
	}
	for _, r := range w.killedRuns {
		r.done.Wait()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.scalers[0].close()
}
