package chaos_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/exoscale"
)

// sleep waits, and restarts programs that are killed meanwhile.
func (w *world) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for waiting := true; waiting || len(w.killed) > 0; {
		select {
		case s := <-w.killed:
			time.Sleep(restartTime)
			s.restart()
		case <-timer.C:
			waiting = false
		}
	}
}

// restartTime is how long it takes until a program that has ended runs again.
const restartTime = time.Second + 1234567

// perform performs an event.
func (w *world) perform(ctx context.Context, e event) error {
	w.mu.Lock()
	w.tracef("EVENT %s", e)
	w.stats.events[e.kind]++
	w.mu.Unlock()
	s := w.scalers[0]
	if e.other {
		s = w.scalers[1]
	}
	switch e.kind {
	case "webhooks":
		direction := autoscale.Up
		if e.length%5 < 2 {
			direction = autoscale.Down
		}
		for range e.number {
			s.post(direction, "", "")
		}
	case "odd webhook":
		body := oddBodies[e.number%len(oddBodies)]
		direction := autoscale.Up
		if e.number%3 == 0 {
			direction = autoscale.Down
		}
		s.post(direction, body.contentType, body.body)
	case "fault":
		_, err := w.cloud.Faults().Add(e.fault)
		return err
	case "end of faults":
		w.cloud.Faults().Clear()
	case "kill", "restart", "kill at disk", "kill at call":
		return w.endRun(s, e)
	case "restart discovery", "kill discovery":
		return w.restartDiscovery(e)
	case "pause", "resume":
		s.operate(e)
	case "clock jump":
		w.mu.Lock()
		defer w.mu.Unlock()
		w.wall.jump(e.length)
	case "disk full":
		return w.breakDisk(s, diskFull)
	case "disk gone":
		return w.breakDisk(s, diskGone)
	case "disk repaired":
		return w.breakDisk(s, diskGood)
	case "targets disk gone", "targets disk repaired":
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.targets.block(e.kind == "targets disk gone")
	default:
		return w.changePool(ctx, e)
	}
	return nil
}

// changePool changes the pool as another client, or an outage, does.
func (w *world) changePool(ctx context.Context, e event) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // faults strike these calls, too
	defer cancel()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.observe()
	var members []string
	if pools := w.cloud.Pools(); len(pools) > 0 {
		members = pools[0].Members
	}
	switch e.kind {
	case "foreign size":
		// A pool that is busy refuses that.
		if e.number != w.size && w.cloud.SetPoolSize(w.pool, e.number) == nil {
			w.foreignChange()
		}
	case "lost member":
		if len(members) > 0 {
			w.withoutLock(func() {
				_ = w.cloud.Call(ctx, http.MethodDelete, "/v2/instance/"+members[e.number%len(members)], nil, nil)
			})
		}
	case "crashed member":
		if len(members) > 0 {
			return w.cloud.FailMember(members[e.number%len(members)])
		}
	case "suspend":
		return w.cloud.SetPoolState(w.pool, "suspended")
	case "resume pool":
		return w.cloud.SetPoolState(w.pool, "running")
	case "pool deleted":
		w.cloud.Faults().Clear()
		var err error
		w.withoutLock(func() { err = w.cloud.Call(ctx, http.MethodDelete, "/v2/instance-pool/"+w.pool, nil, nil) })
		if w.deleted = err == nil; w.deleted { // a load balancer protects its pool
			w.foreignChange()
		}
	default:
		return fmt.Errorf("unknown kind of event %q", e.kind)
	}
	return nil
}

// withoutLock does something that takes time.
func (w *world) withoutLock(do func()) {
	w.mu.Unlock()
	defer w.mu.Lock()
	do()
}

// endRun ends a run of an autoscaler in one way or another.
func (w *world) endRun(s *scaler, e event) error {
	if s.run == nil || s.run.dead.Load() {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e.kind {
	case "kill":
		s.kill(nil)
	case "kill at disk":
		s.diskChanges()
		s.setTrap(&trap{disk: true, skip: e.number % 4, variant: e.number})
	case "kill at call":
		s.setTrap(&trap{skip: e.number % 4, variant: e.number})
	case "restart":
		w.withoutLock(s.run.terminate)
		if s.run.dead.Load() {
			return nil // it was killed while it ended
		}
		s.diskChanges()
		s.setTrap(nil)
		s.forgetRun()
		s.bounds = e.bounds
		s.run.die()
		w.withoutLock(func() { time.Sleep(restartTime); s.start() })
	}
	return nil
}

func (w *world) breakDisk(s *scaler, state diskState) error {
	w.mu.Lock()
	s.diskChanges()
	if s.disk.state != diskGood || state != diskGood {
		s.badDisk, s.inexact = w.tick(), true
	}
	err := s.disk.become(state)
	w.mu.Unlock()
	if s.run == nil && state != diskGone {
		s.start()
	}
	return err
}

// post sends a webhook to the autoscaler.
func (s *scaler) post(direction autoscale.Direction, contentType, body string) {
	w := s.world
	if s.run == nil || s.run.dead.Load() {
		return // it does not run
	}
	w.mu.Lock()
	s.webhooks = append(s.webhooks, webhook{when: w.tick(), direction: direction})
	at := len(s.webhooks) - 1
	s.counts[direction]++
	w.mu.Unlock()

	r := httptest.NewRequest(http.MethodPost, "/"+string(direction), strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	if w.schedule.token {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer := httptest.NewRecorder()
	s.run.handler.ServeHTTP(answer, r)

	w.mu.Lock()
	defer w.mu.Unlock()
	text := strings.TrimSpace(answer.Body.String())
	w.tracef("%s answers %d %s", s.name, answer.Code, text)
	switch {
	case s.run.dead.Load():
		return // it was killed before it answered
	case answer.Code >= 500:
		w.violationLocked("%s answers %d to %q", s.name, answer.Code, body)
	case strings.Contains(text, token):
		w.violationLocked("%s repeats a secret: %s", s.name, text)
	case answer.Code == http.StatusOK && strings.HasPrefix(text, "recorded"):
		s.webhooks[at].answered = true
		w.stats.webhooks++
		return
	}
	s.counts[direction]--
	s.webhooks = append(s.webhooks[:at], s.webhooks[at+1:]...)
}

// operate pauses or resumes the autoscaler.
func (s *scaler) operate(e event) {
	w := s.world
	if s.run == nil || s.run.dead.Load() {
		return
	}
	form := url.Values{"reason": {"maintenance of the week"}}
	if e.number%2 == 0 {
		form.Set("duration", e.length.String())
	}
	if e.kind == "resume" {
		w.mu.Lock()
		s.paused = nil
		w.mu.Unlock()
	}
	r := httptest.NewRequest(http.MethodPost, "/"+e.kind, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.RemoteAddr = "127.0.0.1:4711"
	if w.schedule.token {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer := httptest.NewRecorder()
	s.run.handler.ServeHTTP(answer, r)

	w.mu.Lock()
	defer w.mu.Unlock()
	w.tracef("%s answers %d %s", s.name, answer.Code, strings.TrimSpace(answer.Body.String()))
	kept := answer.Code == http.StatusOK
	switch {
	case s.run.dead.Load():
		s.paused = nil // no answer said that it is paused
	case !kept && s.disk.state == diskGood:
		w.violationLocked("%s answers %d to /%s", s.name, answer.Code, e.kind)
	case e.kind == "pause":
		s.paused = &pause{kept: kept}
		if e.number%2 == 0 {
			s.paused.until = w.wall.Now().Add(e.length)
		}
	default:
		s.seen.over = true
	}
}

// startDiscovery starts a run of discovery. Without its folder it does not start.
func (w *world) startDiscovery() error {
	r := newRun(w, "discovery", nil)
	client, err := r.client()
	if err != nil {
		return err
	}
	cfg := discovery.Config{
		Lister: client.Lister(), Pools: []string{w.pool}, File: w.targets.file,
		Interval: 20 * time.Second, Clock: discoveryClock{&w.wall}, Logger: w.logger(r),
		Labels: w.schedule.labels, LabelPrefix: exoscale.LabelPrefix, MemberMetrics: w.schedule.labels, Backends: client.Lister(),
	}
	if w.schedule.slow {
		cfg.Interval = time.Minute
	}
	agent, err := discovery.New(cfg)
	if err != nil {
		if !w.targets.gone {
			return err
		}
		w.discovery = nil
		return nil
	}
	r.begin(agent.Run)
	w.discovery = r
	return nil
}

func (w *world) restartDiscovery(e event) error {
	if w.schedule.alone {
		return nil
	}
	if r := w.discovery; r != nil {
		if e.kind == "kill discovery" {
			r.die()
			r.done.Wait()
			if !w.targets.gone { // a kill in the middle of writing leaves this
				dir := filepath.Dir(w.targets.file)
				if err := os.WriteFile(filepath.Join(dir, ".config.json.4711.tmp"), []byte(`[{"tar`), 0o600); err != nil {
					return err
				}
			}
		} else {
			r.terminate()
		}
	}
	return w.startDiscovery()
}
