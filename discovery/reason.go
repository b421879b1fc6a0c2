package discovery

import "errors"

// A reason is why a refresh failed, as a label of a metric.
type reason string

const (
	reasonList         reason = "list"           // members could not be listed
	reasonTimeout      reason = "timeout"        // the refresh took too long
	reasonPoolNotFound reason = "pool-not-found" // the pool does not exist
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

// errTimeout is the cause if a refresh times out.
var errTimeout = errors.New("timed out")

// A reasonError is an error of a refresh with its reason.
type reasonError struct {
	reason reason
	err    error
}

func (e *reasonError) Error() string { return e.err.Error() }
func (e *reasonError) Unwrap() error { return e.err }

// withReason adds a reason to err. If a pool does not exist, that is the reason,
// whatever was read of it.
func withReason(why reason, err error) error {
	if errors.Is(err, ErrPoolNotFound) && why != reasonTimeout {
		why = reasonPoolNotFound
	}
	return &reasonError{reason: why, err: err}
}

func reasonOf(err error) reason {
	var e *reasonError
	if errors.As(err, &e) {
		return e.reason
	}
	return reasonList
}

// A partialError is what went wrong with some pools while the others were
// observeRefresh.
type partialError struct{ error }

func (p partialError) Unwrap() error { return p.error }

func isPartial(err error) bool {
	var p partialError
	return errors.As(err, &p)
}
