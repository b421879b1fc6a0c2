package exoapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// status is the one place where problems become HTTP.
func (k kind) status() int {
	switch k {
	case kindInvalid:
		return http.StatusBadRequest
	case kindUnauthenticated:
		return http.StatusUnauthorized
	case kindForbidden:
		return http.StatusForbidden
	case kindNotFound:
		return http.StatusNotFound
	case kindConflict:
		return http.StatusConflict
	case kindTooLarge:
		return http.StatusRequestEntityTooLarge
	case kindTooMany:
		return http.StatusTooManyRequests
	case kindNotEmulated:
		return http.StatusNotImplemented
	case kindUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// respond writes the outcome of a request and returns its status. Success is
// always 200: clients treat every other 2xx as no answer.
func respond(w http.ResponseWriter, answer any, err error) int {
	status := http.StatusOK
	if err != nil {
		p := &problem{kind: kindBroken, message: err.Error()}
		errors.As(err, &p)
		status = p.kind.status()
		if p.retryAfter > 0 {
			seconds := max(1, int(p.retryAfter.Seconds()))
			w.Header().Set("Retry-After", strconv.Itoa(seconds))
		}
		answer = map[string]string{"message": p.message}
	}
	body, err := encode(answer)
	if err != nil {
		status = http.StatusInternalServerError
		body = []byte(`{"message":"the answer cannot be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	// A client that went away is no concern of the cloud.
	_, _ = w.Write(body)
	return status
}

// An encodedList is the answer of a list call whose entries are JSON already.
type encodedList struct {
	key     string
	entries [][]byte
}

func encode(answer any) ([]byte, error) {
	l, ok := answer.(encodedList)
	if !ok {
		return json.Marshal(answer)
	}
	size := len(l.key) + 8
	for _, e := range l.entries {
		size += len(e) + 1
	}
	body := make([]byte, 0, size)
	body = append(body, `{"`...)
	body = append(body, l.key...)
	body = append(body, `":[`...)
	for i, e := range l.entries {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, e...)
	}
	return append(body, "]}"...), nil
}
