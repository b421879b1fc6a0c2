package exoapi

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Names of faults.
const (
	// FaultLatency delays the answer by Duration.
	FaultLatency = "latency"
	// FaultTooManyRequests answers 429; Duration is sent as Retry-After, in
	// whole seconds, at least one. Zero leaves that header out.
	FaultTooManyRequests = "too-many-requests"
	// FaultServerErrorBefore answers 500 and does nothing.
	FaultServerErrorBefore = "server-error-before"
	// FaultServerErrorAfter does what was asked and answers 500.
	FaultServerErrorAfter = "server-error-after"
	// FaultDropBefore drops the connection and does nothing.
	FaultDropBefore = "drop-before"
	// FaultDropAfter does what was asked and drops the connection.
	FaultDropAfter = "drop-after"
	// FaultHalfOpenBefore keeps the connection and never answers, until the
	// client gives up, and does nothing.
	FaultHalfOpenBefore = "half-open-before"
	// FaultHalfOpenAfter does what was asked and then never answers.
	FaultHalfOpenAfter = "half-open-after"
	// FaultPartialList leaves entries out of a list of instances: it ends after
	// Keep of them.
	FaultPartialList = "partial-list"
	// FaultOperationFails accepts a change that then fails without effect.
	FaultOperationFails = "operation-fails"
	// FaultOperationStuck does what was asked but leaves the operation
	// pending: for Duration too long, or for ever if that is zero.
	FaultOperationStuck = "operation-stuck"
	// FaultQuotaReached refuses new resources as if the quota was used up.
	FaultQuotaReached = "quota-reached"
	// FaultAntiAffinityFull fails changes that need room in an anti-affinity
	// group as if there was none.
	FaultAntiAffinityFull = "anti-affinity-full"
	// FaultMemberNeverHealthy makes new pool members fail health checks for
	// ever. Its operation is the one that asked for the member; replacements
	// of lost members are matched by "*" only.
	FaultMemberNeverHealthy = "member-never-healthy"
	// FaultMemberKilled kills the machine of a removed pool member at once,
	// whatever the grace of [Config.Removal].
	FaultMemberKilled = "member-killed"
	// FaultBalancerLate makes load balancers go on sending connections to a
	// removed pool member: for Duration, or until its health check fails if
	// that is zero or comes first.
	FaultBalancerLate = "balancer-late"
	// FaultBalancerOneAttempt makes load balancers try one member only for each
	// connection after a pool member is removed, until the pool's members
	// change again, whatever [Removal] says.
	FaultBalancerOneAttempt = "balancer-one-attempt"
)

// AnyOperation matches every operation.
const AnyOperation = "*"

// FaultNames lists the names of all faults.
func FaultNames() []string {
	return []string{
		FaultLatency, FaultTooManyRequests, FaultServerErrorBefore, FaultServerErrorAfter,
		FaultDropBefore, FaultDropAfter, FaultHalfOpenBefore, FaultHalfOpenAfter, FaultPartialList,
		FaultOperationFails, FaultOperationStuck, FaultQuotaReached, FaultMemberNeverHealthy,
		FaultMemberKilled, FaultBalancerLate, FaultBalancerOneAttempt, FaultAntiAffinityFull,
	}
}

// A Fault is something that goes wrong.
type Fault struct {
	Name string
	// Operation is the operation it is injected into, such as
	// "scale-instance-pool"; AnyOperation, or nothing, means all.
	Operation string
	// Count is how often it is injected; zero means until it is removed.
	Count int
	// Duration means what the fault's name says. It is taken as it is,
	// whatever the speed of the cloud's time.
	Duration time.Duration
	// Keep is how many entries a partial list has.
	Keep int
}

// Faults are the faults in force. Methods are safe for concurrent use.
type Faults struct {
	known    map[string]*route // by operation id
	mu       sync.Mutex
	lastID   int
	active   []activeFault
	injected map[string]int // by name
	// version counts what has changed the faults in force.
	version int
	// under runs a change of a user's while nothing else happens in the cloud.
	under func(change func())
}

type activeFault struct {
	Fault
	id int
}

// Add puts a fault in force and returns a number to remove it by. An unknown
// name or operation, a negative number or duration, a latency of zero, and a
// partial list of anything but instances are errors.
func (f *Faults) Add(fault Fault) (id int, err error) {
	if fault.Operation == "" {
		fault.Operation = AnyOperation
	}
	if err := f.validate(fault); err != nil {
		return 0, err
	}
	f.change(func() {
		f.lastID++
		f.active = append(f.active, activeFault{fault, f.lastID})
		id = f.lastID
	})
	return id, nil
}

// change makes a user's change.
func (f *Faults) change(act func()) {
	f.under(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.version++
		act()
	})
}

func (f *Faults) validate(fault Fault) error {
	reject := func(format string, args ...any) error {
		return fmt.Errorf("add fault %s: "+format, append([]any{fault.Name}, args...)...)
	}
	switch {
	case !slices.Contains(FaultNames(), fault.Name):
		return fmt.Errorf("add fault %q: unknown name, known are %s", fault.Name, strings.Join(FaultNames(), ", "))
	case fault.Operation != AnyOperation && f.known[fault.Operation] == nil:
		return reject("unknown operation %q", fault.Operation)
	case fault.Count < 0 || fault.Duration < 0 || fault.Keep < 0:
		return reject("negative count %d, duration %s or entries kept %d", fault.Count, fault.Duration, fault.Keep)
	case fault.Name == FaultLatency && fault.Duration == 0:
		return reject("a duration is needed")
	case fault.Name == FaultPartialList && fault.Operation != AnyOperation && !f.known[fault.Operation].partial:
		return reject("the answer to %s cannot be cut short", fault.Operation)
	case fault.Keep > 0 && fault.Name != FaultPartialList:
		return reject("only %s keeps entries", FaultPartialList)
	}
	return nil
}

// Remove ends a fault. One that is over already is no error.
func (f *Faults) Remove(id int) {
	f.change(func() {
		f.active = slices.DeleteFunc(f.active, func(a activeFault) bool { return a.id == id })
	})
}

// Clear ends all faults.
func (f *Faults) Clear() {
	f.change(func() { f.active = nil })
}

// List returns the faults in force, oldest first, with what is left of their
// counts.
func (f *Faults) List() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]Fault, 0, len(f.active))
	for _, a := range f.active {
		list = append(list, a.Fault)
	}
	return list
}

// All yields the faults in force with the numbers to remove them by, oldest
// first.
func (f *Faults) All() iter.Seq2[int, Fault] {
	return func(yield func(int, Fault) bool) {
		f.mu.Lock()
		active := slices.Clone(f.active)
		f.mu.Unlock()
		for _, a := range active {
			if !yield(a.id, a.Fault) {
				return
			}
		}
	}
}

// Injected returns how often each fault was injected so far, by its name.
func (f *Faults) Injected() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.injected)
}

// take returns the oldest matching fault, to be injected once.
func (f *Faults) take(name, operation string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.active {
		a := &f.active[i]
		if a.Name != name || a.Operation != AnyOperation && a.Operation != operation {
			continue
		}
		if f.injected == nil {
			f.injected = map[string]int{}
		}
		f.injected[name]++
		fault := a.Fault
		switch a.Count {
		case 0:
			return fault, true // it stays as it is
		case 1:
			f.active = slices.Delete(f.active, i, i+1)
		default:
			a.Count--
		}
		f.version++
		return fault, true
	}
	return Fault{}, false
}

// worldFaults are the faults that the world asks for.
type worldFaults struct{ *Faults }

func (f worldFaults) OperationFails(operationID string) error {
	if _, ok := f.take(FaultOperationFails, operationID); ok {
		return injected(FaultOperationFails)
	}
	return nil
}

func (f worldFaults) OperationStuck(operationID string) (d time.Duration, stuck bool) {
	fault, stuck := f.take(FaultOperationStuck, operationID)
	return fault.Duration, stuck
}

func (f worldFaults) QuotaReached(operationID string) bool {
	_, reached := f.take(FaultQuotaReached, operationID)
	return reached
}
