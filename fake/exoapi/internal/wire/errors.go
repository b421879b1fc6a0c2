package wire

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// An Error is why a request is refused: the one type of error that handlers
// return. Its message is sent to the client.
type Error struct {
	Status     int // of HTTP
	Message    string
	RetryAfter time.Duration // with 429; zero sends none
	// Assumption is the one that the refusal rests on, if any.
	Assumption Assumption
}

func (e *Error) Error() string { return e.Message }

// Answer is the body of the refusal: the message and, as in the original, the
// list of what is wrong with the request.
func (e *Error) Answer() any {
	type violation struct {
		Message string `json:"message"`
	}
	answer := struct {
		Message string      `json:"message"`
		Errors  []violation `json:"errors,omitempty"`
	}{Message: e.Message}
	if e.Status == http.StatusBadRequest {
		answer.Errors = []violation{{strings.TrimPrefix(e.Message, "bad request: ")}}
	}
	return answer
}

func refuse(status int, format string, args []any) error {
	return &Error{Status: status, Message: fmt.Sprintf(format, args...)}
}

// Invalid refuses a request that breaks the API's rules.
func Invalid(format string, args ...any) error { return refuse(http.StatusBadRequest, format, args) }

// Unauthenticated refuses a request that is not signed properly.
func Unauthenticated(message string) error {
	return &Error{Status: http.StatusUnauthorized, Message: message}
}

// Forbidden refuses what its sender may not do.
func Forbidden(format string, args ...any) error { return refuse(http.StatusForbidden, format, args) }

// Conflict refuses what the state of a resource does not allow.
func Conflict(format string, args ...any) error { return refuse(http.StatusConflict, format, args) }

// NotFound names the kind of resource and what it was looked up by.
func NotFound(label, id string) error {
	return &Error{Status: http.StatusNotFound, Message: label + " " + id + " not found"}
}

// Held has the original's wording for a resource that something keeps as it is.
func Held(operation, id, reason string) error {
	return Forbidden("Operation %s on resource %s is forbidden - reason: %s", operation, id, reason)
}

// NotResettable refuses to reset a field that cannot be.
func NotResettable(field string) error {
	return Invalid("bad request: field %q cannot be reset", field)
}
