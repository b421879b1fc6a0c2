package discovery

import "errors"

// A reason says in one short word why a refresh failed. The set is closed,
// since reasons are labels of a metric.
type reason string

const (
	reasonList         reason = "list"           // members could not be listed
	reasonTimeout      reason = "timeout"        // the refresh took too long
	reasonPoolNotFound reason = "pool_not_found" // the pool does not exist
	reasonInconsistent reason = "inconsistent"   // the answers contradict each other
	reasonPool         reason = "pool"           // the pool could not be read
	reasonBackends     reason = "backends"       // load balancers could not be listed
	reasonWrite        reason = "write"          // the file could not be written
)

func reasons() []reason {
	return []reason{
		reasonList, reasonTimeout, reasonPoolNotFound, reasonInconsistent, reasonPool, reasonBackends, reasonWrite,
	}
}

// errTimeout is the cause when a refresh runs out of time.
var errTimeout = errors.New("out of time")

// A failure is an error of a refresh with its reason.
type failure struct {
	reason reason
	err    error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// fail gives err a reason; that a pool is gone outweighs what was asked of it.
func fail(why reason, err error) error {
	if errors.Is(err, ErrPoolNotFound) && why != reasonTimeout {
		why = reasonPoolNotFound
	}
	return &failure{reason: why, err: err}
}

func reasonOf(err error) reason {
	var f *failure
	if errors.As(err, &f) {
		return f.reason
	}
	return reasonList
}

// A partialError is what went wrong with some pools while the others were
// refreshed.
type partialError struct{ error }

func (p partialError) Unwrap() error { return p.error }

func isPartial(err error) bool {
	var p partialError
	return errors.As(err, &p)
}
