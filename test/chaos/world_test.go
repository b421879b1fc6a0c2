package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake/exoapi"
)

const (
	zone  = "at-vie-1"
	token = "hush-hush-4711"
)

// A world is the programs with one emulated cloud, and what is known of them.
type world struct {
	schedule   schedule
	cloud      *exoapi.Cloud
	transport  http.RoundTripper
	pool       string
	deleted    bool
	dir        string
	wall       wallClock
	secrets    [][]byte
	scalers    []*scaler
	discovery  *run
	targets    targets
	killed     chan *scaler
	killedRuns []*run // what they still do has no effect
	stats      *stats

	mu         sync.Mutex // guards all that follows, scalers and targets
	order      uint64
	size       int // of the pool, as last seen
	inFlight   []*write
	violations []string         // of promises
	trace      *strings.Builder // may be nil
}

// tick returns the next place in the order of all that happens.
func (w *world) tick() uint64 { w.order++; return w.order }

// violation records that a promise is broken.
func (w *world) violation(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violationLocked(format, args...)
}

func (w *world) violationLocked(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.violations = append(w.violations, time.Now().UTC().Format("15:04:05.000 ")+text)
	w.tracef("VIOLATION: %s", text)
}

func (w *world) tracef(format string, args ...any) {
	if w.trace != nil {
		fmt.Fprintf(w.trace, time.Now().UTC().Format("15:04:05.000 ")+format+"\n", args...)
	}
}

func newWorld(ctx context.Context, dir string, s schedule, st *stats, trace *strings.Builder) (*world, error) {
	cfg := exoapi.Config{Zones: []string{zone}, Seed: s.seed + 1}
	if s.quota > 0 {
		cfg.Quotas = map[string]int{"instance": s.quota}
	}
	cloud, err := exoapi.New(cfg)
	if err != nil {
		return nil, err
	}
	w := &world{
		schedule: s, cloud: cloud, transport: cloud.Transport(), dir: dir,
		killed: make(chan *scaler, 8), stats: st, trace: trace, size: s.start,
	}
	key, secret := cloud.Credential()
	w.secrets = [][]byte{[]byte(key), []byte(secret), []byte(token)}
	if w.pool, err = makePool(ctx, cloud, s.start); err != nil {
		return nil, err
	}
	if s.labels && !s.alone {
		if err := addBalancer(ctx, cloud, w.pool); err != nil {
			return nil, err
		}
	}
	w.targets = targets{world: w, file: filepath.Join(dir, "targets", "config.json")}
	names := []string{"autoscaler", "other autoscaler"}
	for i := range names {
		if i > 0 && !s.second {
			break
		}
		sc := &scaler{world: w, name: names[i], bounds: s.first, dry: s.dry && i == 0, counts: map[autoscale.Direction]int{}}
		w.scalers = append(w.scalers, sc)
		if err := sc.mountNewDisk(nil, diskGood); err != nil {
			return nil, err
		}
	}
	for _, sc := range w.scalers {
		sc.start()
		time.Sleep(7*time.Second + 123456789) // no two programs act at the same moment
	}
	if s.alone {
		return w, nil
	}
	return w, w.startDiscovery()
}

func makePool(ctx context.Context, cloud *exoapi.Cloud, size int) (string, error) {
	first := func(path, key string) (string, error) {
		list := map[string][]struct {
			ID string `json:"id"`
		}{}
		if err := cloud.Call(ctx, http.MethodGet, path, nil, &list); err != nil {
			return "", err
		}
		return list[key][0].ID, nil
	}
	template, err := first("/v2/template?visibility=public", "templates")
	if err != nil {
		return "", err
	}
	kind, err := first("/v2/instance-type", "instance-types")
	if err != nil {
		return "", err
	}
	err = cloud.Call(ctx, http.MethodPost, "/v2/instance-pool", map[string]any{
		"name": "web", "size": size, "disk-size": 10,
		"template": map[string]string{"id": template}, "instance-type": map[string]string{"id": kind},
	}, nil)
	time.Sleep(time.Minute) // until all members run
	return cloud.Pools()[0].ID, err
}

// addBalancer puts a load balancer before the pool.
func addBalancer(ctx context.Context, cloud *exoapi.Cloud, pool string) error {
	id, err := cloud.Do(ctx, http.MethodPost, "/v2/load-balancer", map[string]any{"name": "web"})
	if err != nil {
		return err
	}
	return cloud.Call(ctx, http.MethodPost, "/v2/load-balancer/"+id+"/service", map[string]any{
		"name": "web", "instance-pool": map[string]string{"id": pool}, "protocol": "tcp", "strategy": "round-robin",
		"port": 80, "target-port": 8080,
		"healthcheck": map[string]any{"mode": "http", "port": 8080, "uri": "/health", "interval": 10, "timeout": 5, "retries": 1},
	}, nil)
}

func (s *scaler) mountNewDisk(content map[string][]byte, state diskState) (err error) {
	s.disks++
	dir := filepath.Join(s.world.dir, fmt.Sprintf("%s %d", s.name, s.disks))
	s.disk, err = newDisk(dir, content, state)
	return err
}

// start starts a run of the autoscaler on its disk. Without a disk it does not
// start.
func (s *scaler) start() {
	w := s.world
	r := newRun(w, s.name, s)
	client, err := r.client()
	if err != nil {
		w.violation("%s: %v", s.name, err)
		return
	}
	w.mu.Lock()
	s.run = r
	w.mu.Unlock()
	r.loop, err = autoscale.New(autoscale.Config{
		// A run that has just started does not know who has served before.
		StartTimeout: 2 * time.Minute,
		// Repairs need no webhook, and have tests of their own.
		RepairAfter: -1,
		Pool:        client.Pool(w.pool), PoolName: "web", Zone: zone,
		Min: s.bounds.lowest, Max: s.bounds.highest, Step: s.bounds.step, DryRun: s.dry,
		StateDir: s.disk.dir, Logger: w.logger(r), Clock: scalerClock{&w.wall, r},
	})
	if r.dead.Load() {
		return // killed while it started
	}
	if err != nil {
		if s.disk.state != diskGone {
			w.violation("%s does not start: %v", s.name, err)
		}
		r.die()
		s.run = nil
		return
	}
	secret := ""
	if w.schedule.token {
		secret = token
	}
	r.handler = autoscale.NewHandler(r.loop, autoscale.HandlerConfig{Token: secret})
	r.begin(r.loop.Run)
}

// checkDiskIfTrapped checks the disk only if a trap is set: it is called often.
func (w *world) checkDiskIfTrapped(r *run) {
	if s := r.scaler; s != nil && s.trapped.Load() {
		w.checkDisk(r)
	}
}

// checkDisk checks what the run has changed on its disk, which may spring the
// trap that kills it.
func (w *world) checkDisk(r *run) {
	if r.dead.Load() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s := r.scaler
	if s == nil {
		w.targets.checkFile()
		return
	}
	if s.disk.state != diskGood {
		s.badDisk, s.inexact = w.tick(), true
	}
	for _, c := range s.diskChanges() {
		if s.trap == nil || !s.trap.disk || r.dead.Load() {
			continue
		}
		if s.trap.skip--; s.trap.skip >= 0 {
			continue
		}
		left := c.after
		if s.trap.variant%3 != 0 {
			left = c.before
		}
		if s.trap.variant%3 == 1 { // in the middle of writing
			torn := c.after[c.name]
			left[c.name+".tmp"] = torn[:len(torn)/2]
		}
		w.tracef("%s is killed at its disk, variant %d", s.name, s.trap.variant%3)
		s.kill(left)
	}
}

// diskChanges checks and returns what the autoscaler has changed on its disk since
// the last call.
func (s *scaler) diskChanges() []change {
	changes := s.disk.changes()
	for _, c := range changes {
		s.world.stats.writes++
		if data, kept := c.after[c.name]; kept && !json.Valid(data) {
			s.world.violationLocked("%s leaves %q in %s", s.name, data, c.name)
		}
	}
	return changes
}

// setTrap sets a trap that kills the run; nil removes it.
func (s *scaler) setTrap(t *trap) {
	s.trap = t
	s.trapped.Store(t != nil && t.disk)
}

// kill ends the run of an autoscaler now, with left on its disk; nil means all
// that it has written. The main loop of the schedule starts the next run.
func (s *scaler) kill(left map[string][]byte) {
	if s.diskChanges(); left == nil {
		left = s.disk.content()
	}
	s.world.observe()
	s.world.stats.events["killed"]++
	s.setTrap(nil)
	s.left = left
	s.forgetRun()
	s.run.die()
	s.world.killed <- s
}

// restart starts an autoscaler that was killed.
func (s *scaler) restart() {
	w := s.world
	w.killedRuns = append(w.killedRuns, s.run)
	w.mu.Lock()
	err := s.mountNewDisk(s.left, s.disk.state)
	w.mu.Unlock()
	if err != nil {
		w.violation("%s: prepare a disk: %v", s.name, err)
		return
	}
	s.start()
}

// observe checks whether the size of the pool has changed, and attributes the
// change.
func (w *world) observe() {
	size := 0
	if pools := w.cloud.Pools(); len(pools) > 0 {
		size = pools[0].Size
	}
	if size == w.size {
		return
	}
	w.tracef("size is now %d", size)
	was := w.size
	w.size = size
	var candidates []*write
	for _, asked := range w.inFlight {
		if asked.acted == 0 && asked.leads(was, size) {
			candidates = append(candidates, asked)
		}
	}
	if len(candidates) == 0 {
		w.violationLocked("the size changed from %d to %d without a call", was, size)
		return
	}
	// Of two autoscalers that ask for the same size either may have got it, so
	// each may take the change for a foreign one.
	actor := candidates[len(candidates)-1]
	actor.scaler.carriedOut(actor)
	for _, other := range w.scalers {
		if other != actor.scaler || len(candidates) > 1 {
			other.foreign = w.tick()
		}
	}
}

// foreignChange records that another client has changed the size.
func (w *world) foreignChange() {
	w.size = 0
	if pools := w.cloud.Pools(); len(pools) > 0 {
		w.size = pools[0].Size
	}
	w.tracef("another client sets the size to %d", w.size)
	for _, s := range w.scalers {
		s.foreign = w.tick()
	}
}

// A call is a request to the API.
type call struct {
	read  bool // of the pool
	list  bool // of members
	write *write
}

// allowed checks that a call may be made at this time.
func (w *world) allowed(r *run, req *http.Request) {
	w.checkDisk(r)
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.dead.Load() {
		return
	}
	w.observe()
	w.stats.calls++
	if r.scaler != nil {
		r.scaler.expirePause()
	}
	if left := time.Until(r.until); left > 0 {
		w.violationLocked("%s calls %s %s, %s before the time that Retry-After named", r.name, req.Method, req.URL.Path, left)
	}
}

var sizeInBody = regexp.MustCompile(`"size":\s*(-?\d+)`)

// before checks a call before it is made.
func (w *world) before(r *run, req *http.Request) (c call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.dead.Load() {
		return c
	}
	w.observe()
	if s := r.scaler; s != nil && s.trap != nil && !s.trap.disk && s.trap.variant%2 == 0 {
		if s.trap.skip--; s.trap.skip < 0 {
			w.tracef("%s is killed before %s %s", s.name, req.Method, req.URL.Path)
			s.kill(nil)
			return c
		}
	}
	w.tracef("%s calls %s %s", r.name, req.Method, req.URL.Path)
	path := req.URL.Path
	switch {
	case req.Method == http.MethodGet:
		c.read = path == "/v2/instance-pool/"+w.pool
		c.list = path == "/v2/instance"
		if c.list && r.scaler == nil {
			w.targets.listing()
		}
	case r.scaler != nil && req.Method == http.MethodPut && strings.HasSuffix(path, w.pool+":scale"):
		size, err := strconv.Atoi(firstMatch(sizeInBody, bodyOf(req)))
		if err != nil {
			w.violationLocked("%s asks to scale without a size", r.name)
			break
		}
		c.write = r.scaler.asks(size)
		w.inFlight = append(w.inFlight, c.write)
	case r.scaler != nil && req.Method == http.MethodPut && strings.HasSuffix(path, w.pool+":evict"):
		var body struct{ Instances []string }
		if err := json.Unmarshal([]byte(bodyOf(req)), &body); err != nil || len(body.Instances) == 0 {
			w.violationLocked("%s asks to evict nobody", r.name)
			break
		}
		c.write = r.scaler.asks(r.scaler.turn.size - len(body.Instances))
		c.write.evicts = len(body.Instances)
		w.inFlight = append(w.inFlight, c.write)
	default:
		w.violationLocked("%s calls %s %s", r.name, req.Method, path)
	}
	return c
}

// after checks the answer to a call, if there is one.
func (w *world) after(r *run, c call, resp *http.Response, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.observe()
	if c.write != nil {
		w.inFlight = slices.DeleteFunc(w.inFlight, func(other *write) bool { return other == c.write })
	}
	if err != nil {
		w.tracef("%s: %v", r.name, err)
	} else {
		w.tracef("%s: %d", r.name, resp.StatusCode)
	}
	if r.dead.Load() {
		return
	}
	good := err == nil && resp.StatusCode == http.StatusOK
	s := r.scaler
	if c.read && good && s != nil {
		s.read(w.size)
	}
	if c.list && good && s == nil {
		w.targets.listed()
	}
	if err == nil {
		if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
			// Programs wait for a day at most.
			wait := min(time.Duration(seconds)*time.Second, 24*time.Hour)
			if until := time.Now().Add(wait); until.After(r.until) {
				r.until = until
			}
		}
	}
	if s != nil && s.trap != nil && !s.trap.disk && (c.write != nil || s.trap.variant%4 == 1) {
		if s.trap.skip--; s.trap.skip < 0 {
			w.tracef("%s is killed after a call", s.name)
			s.kill(nil)
		}
	}
}

func firstMatch(pattern *regexp.Regexp, text string) string {
	if match := pattern.FindStringSubmatch(text); match != nil {
		return match[1]
	}
	return ""
}

// bodyOf reads a request's body and puts it back.
func bodyOf(r *http.Request) string {
	if r.Body == nil {
		return ""
	}
	data, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(data))
	return string(data)
}
