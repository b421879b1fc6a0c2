package exoapi

import (
	"fmt"
	"time"
)

// A kind says who is to blame for a refused request, and how.
type kind int

const (
	kindInvalid kind = iota
	kindUnauthenticated
	kindForbidden
	kindNotFound
	kindConflict
	kindTooLarge
	kindTooMany
	kindBroken
	kindNotEmulated
	kindUnavailable
)

// A problem is the one type of error that handlers and world return.
type problem struct {
	kind       kind
	message    string
	retryAfter time.Duration // of kindTooMany; zero is not told
}

func (p *problem) Error() string { return p.message }

func invalid(format string, args ...any) error {
	return &problem{kind: kindInvalid, message: fmt.Sprintf(format, args...)}
}

func forbidden(format string, args ...any) error {
	return &problem{kind: kindForbidden, message: fmt.Sprintf(format, args...)}
}

func conflict(format string, args ...any) error {
	return &problem{kind: kindConflict, message: fmt.Sprintf(format, args...)}
}

// notFound names the resource and what it was looked up by.
func notFound(resource, id string) error {
	return &problem{kind: kindNotFound, message: fmt.Sprintf("%s %s not found", resource, id)}
}

// locked has the original's wording for resources held by something.
func locked(operation, id, holder string) error {
	return forbidden("Operation %s on resource %s is forbidden - reason: Locked by %s", operation, id, holder)
}
