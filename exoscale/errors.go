package exoscale

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/discovery"
)

// Errors that callers test for. If a pool does not exist, the error is both
// [autoscale.ErrPoolNotFound] and [discovery.ErrPoolNotFound].
var (
	// ErrUnauthorized: the API does not accept the credentials, or the key's
	// role does not allow the call.
	ErrUnauthorized = errors.New("the API does not accept the credentials")
	// ErrUnreachable: no attempt was answered: no such host, connection refused
	// or lost, or timeout.
	ErrUnreachable = errors.New("the API cannot be reached")
)

// errReadOnly: the client was made for reading.
var errReadOnly = fmt.Errorf("%w: this client only reads", autoscale.ErrRefused)

// errMalformed: an answer came, but not one that the API gives.
var errMalformed = errors.New("malformed answer")

// An apiError is an answer with a status other than 200.
type apiError struct {
	method   string
	status   int
	message  string // the API's own words
	attempts int
	cause    error  // why no further attempt was made, if not by number
	remedy   string // for one that is unauthorized
}

func (e *apiError) Error() string {
	text := fmt.Sprintf("%d %s", e.status, http.StatusText(e.status))
	if e.message != "" {
		text += ": " + e.message
	}
	if e.attempts > 1 {
		text += fmt.Sprintf(" (%d attempts)", e.attempts)
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	if e.unauthorized() {
		text = fmt.Sprintf("%s: %s: %s", ErrUnauthorized, e.remedy, text)
	}
	return text
}

func (e *apiError) Unwrap() error { return e.cause }

// Is implements what [errors.Is] asks for.
func (e *apiError) Is(target error) bool {
	switch target {
	case ErrUnauthorized:
		return e.unauthorized()
	case autoscale.ErrRateLimited:
		return e.status == http.StatusTooManyRequests
	}
	return false
}

// mayPass reports whether the same call may succeed soon.
func (e *apiError) mayPass() bool {
	return e.status == http.StatusTooManyRequests ||
		e.status >= http.StatusInternalServerError && e.status != http.StatusNotImplemented
}

// unauthorized: of a write, 403 may as well mean a quota or a lock, and the
// API's message says so.
func (e *apiError) unauthorized() bool {
	return e.status == http.StatusUnauthorized || (e.status == http.StatusForbidden && e.method == http.MethodGet)
}

// refused reports whether the API understood and said no, and nothing changed.
func (e *apiError) refused() bool {
	switch e.status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden,
		http.StatusConflict, http.StatusUnprocessableEntity, http.StatusLocked, http.StatusTooManyRequests:
		return true
	}
	return false
}

// A poolNotFound error means that the zone has no such pool. Both cores have an
// error for it.
type poolNotFound struct{ text string }

func (e *poolNotFound) Error() string { return e.text }

func (e *poolNotFound) Is(target error) bool {
	return target == autoscale.ErrPoolNotFound || target == discovery.ErrPoolNotFound
}

// explain translates the error of an API call: it is that of the transport, or
// the body could not be decoded.
func (c *Client) explain(err error) error {
	var transport *url.Error
	if errors.As(err, &transport) {
		return transport.Err
	}
	return fmt.Errorf("%w: %s", errMalformed, c.cfg.clean(err.Error()))
}

// explainPool is explain for calls whose subject is a pool.
func (c *Client) explainPool(err error) error {
	err = c.explain(err)
	var api *apiError
	if !errors.As(err, &api) {
		return err
	}
	switch {
	case api.status == http.StatusNotFound:
		return &poolNotFound{fmt.Sprintf("instance pool not found in zone %s: %s", c.cfg.Zone, c.cfg.Remedies.PoolNotFound)}
	case api.refused():
		return fmt.Errorf("%w: %w", autoscale.ErrRefused, err)
	}
	return err
}

// explainResize is explainPool for a call that is not repeated here: the error
// says whether the caller may repeat it.
func (c *Client) explainResize(err error) error {
	err = c.explainPool(err)
	var (
		api     *apiError
		limited *rateLimited
	)
	switch {
	case errors.As(err, &limited): // never sent
		return fmt.Errorf("%w: %w", autoscale.ErrRefused, err)
	case errors.As(err, &api) && api.mayPass():
		return &repeatable{error: err, after: c.limit.left(time.Now())}
	case errors.Is(err, ErrUnreachable):
		return &repeatable{error: err}
	}
	return err
}

// A repeatable error has a cause that may end within seconds, see
// [autoscale.Pool].
type repeatable struct {
	error
	after time.Duration
}

func (e *repeatable) Unwrap() error { return e.error }

// RetryAfter returns how long the API asks to wait; zero or less if it does not
// ask.
func (e *repeatable) RetryAfter() time.Duration { return e.after }

// maxMessage is how much an error repeats of a text that came from the
// network, in bytes.
const maxMessage = 300

// clean makes text from the network fit for a log line: short, on one line,
// without the credentials and without any signature made with them.
func (cfg Config) clean(text string) string {
	const hidden = "[hidden]"
	text = strings.NewReplacer(cfg.Secret, hidden, cfg.Key, hidden).Replace(text)
	parts := strings.Split(text, "signature=")
	for i, part := range parts[1:] {
		parts[i+1] = hidden + strings.TrimLeftFunc(part, inSignature)
	}
	text = strings.Join(parts, "signature=")
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), unprintable), " ")
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return text
}

// inSignature reports whether r may stand in a signature, which is base64.
func inSignature(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("+/=_-", r)
}

func unprintable(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// missingField is the error of an answer without a field that every answer has.
func missingField(field string) error {
	return fmt.Errorf("%w: %s is missing", errMalformed, field)
}
