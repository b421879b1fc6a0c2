package exoapi

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/exopool/exopool/fake/infra"
	"github.com/exopool/exopool/internal/clock"
)

// The world is the state of the cloud and what will change it. It knows no
// HTTP. Everything in it is guarded by mu, which [world.do] takes; time
// stands still meanwhile.
type world struct {
	mu     sync.Mutex
	clock  clock.Clock
	now    time.Time
	agenda agenda
	wake   chan struct{} // tells a waiter that something became due sooner
	closed bool

	ids      identity
	timing   Timing
	machines infra.Driver
	firewall infra.Firewall // the driver, if it enforces security groups
	faults   *Faults
	log      *slog.Logger

	zones     []string
	catalog   catalog
	limits    map[string]int
	publicIPs *addresses
	nlbIPs    *addresses
	stale     []*balancer // to be brought to the driver's attention
	unguarded bool        // security groups, too

	orgID       string
	orgPolicy   *policy
	expressions expressions
	secrets     *keyring
	apiKeys     ordered[apiKey]
	roles       ordered[role]

	operations ordered[operation]
	keys       ordered[sshKey]
	groups     ordered[securityGroup]
	spreads    ordered[antiAffinityGroup]
	networks   ordered[privateNetwork]
	lastVNI    int
	elastics   ordered[elasticIP]
	instances  ordered[instance]
	pools      ordered[pool]
	balancers  ordered[balancer]
}

func newWorld(cfg Config, faults *Faults) (*world, error) {
	w := &world{
		clock:    cfg.Clock,
		wake:     make(chan struct{}, 1),
		ids:      newIdentity(cfg.Seed),
		timing:   cfg.Timing,
		machines: cfg.Machines,
		faults:   faults,
		log:      cfg.Logger,
		zones:    cfg.Zones,
		catalog:  newCatalog(cfg.Zones),
		limits:   cfg.Quotas,

		orgPolicy: permissive(),
		secrets:   &keyring{secrets: map[string]string{}},
	}
	if w.machines == nil {
		driver := newMemory()
		driver.now = func() time.Time { return w.now }
		w.machines = driver
	}
	w.firewall, _ = w.machines.(infra.Firewall)
	instances, balancers := w.machines.Networks()
	if !instances.IsValid() || !balancers.IsValid() {
		return nil, fmt.Errorf("driver's networks %v and %v are not both valid", instances, balancers)
	}
	w.publicIPs = newAddresses(instances)
	// A driver with one network for both gets distinct addresses from it.
	w.nlbIPs = w.publicIPs
	if instances.Masked() != balancers.Masked() {
		w.nlbIPs = newAddresses(balancers)
	}
	w.now = w.clock.Now()
	w.orgID = w.ids.uuid()
	w.addStandardGroups()
	w.unguard()
	if driver, ok := w.machines.(infra.Observer); ok {
		w.observe(driver)
	}
	return w, nil
}

// do runs f on the state of this moment.
func (w *world) do(f func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return &problem{kind: kindUnavailable, message: "the cloud was closed"}
	}
	w.advance(w.clock.Now())
	defer w.tell()
	return f()
}

// advance does, in order, what fell due until now.
func (w *world) advance(now time.Time) {
	for {
		due, ok := w.agenda.next()
		if !ok || due.After(now) {
			break
		}
		if due.After(w.now) {
			// What happened at one moment reaches load balancers together.
			w.tell()
			w.now = due
		}
		w.agenda.pop().run()
	}
	w.tell()
	if now.After(w.now) {
		w.now = now
	}
}

// tell brings the driver up to date.
func (w *world) tell() {
	if err := w.guard(); err != nil {
		w.log.Warn("security groups are not enforced", slog.Any("err", err))
	}
	w.balanceStale()
}

// after runs f once d has passed. Even with no wait, that is not before the
// current request has been answered.
func (w *world) after(d time.Duration, f func()) {
	due := w.now.Add(d)
	soonest, ok := w.agenda.next()
	w.agenda.add(due, f)
	if !ok || due.Before(soonest) {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

// pause advances and returns how long nothing will be due then; ok is false
// when nothing is planned at all.
func (w *world) pause() (d time.Duration, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return 0, false
	}
	w.advance(w.clock.Now())
	due, ok := w.agenda.next()
	return max(0, due.Sub(w.now)), ok
}

// close removes everything that runs. Further requests are refused.
func (w *world) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.closed = true
	for b := range w.balancers.all() {
		w.machines.Unbalance(b.id)
	}
	for i := range w.instances.all() {
		w.machines.Destroy(i.id)
	}
}

func (w *world) timestamp() string { return w.now.UTC().Format(time.RFC3339) }
