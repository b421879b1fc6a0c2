package exoapi

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/vendordomains"
)

// maxBody is the longest request body. User data, the longest thing in one,
// is limited to 32 KiB.
const maxBody = 1 << 20

// maxPath is the longest path, in bytes: events and exchanges are kept with it.
const maxPath = 4 << 10

// serve answers one request.
func (c *Cloud) serve(w http.ResponseWriter, hr *http.Request) {
	x := Exchange{
		Time: c.cfg.Clock.Now(), Source: sourceIP(hr), Method: hr.Method, Path: cut(hr.URL.EscapedPath(), maxPath),
		Query: hr.URL.RawQuery[:min(maxQuery, len(hr.URL.RawQuery))],
	}
	defer c.keep(hr.Context(), &x) // also without an answer
	zone, path, err := c.locate(hr)
	var rt *route
	var params map[string]string
	if err == nil {
		rt, params = c.router.find(hr.Method, path)
	}
	if rt == nil {
		c.calls.add("", "")
		if err == nil {
			err = c.notEmulated(hr, "")
		}
		if official, ok := c.RouteOf(hr); ok {
			x.Operation = official.OperationID
		}
		c.respond(w, nil, err, &x)
		return
	}
	c.calls.add(rt.OperationID, hr.UserAgent())
	x.Zone, x.Operation = zone, rt.OperationID
	answer, key, err := c.answer(w, hr, rt, params, &x)
	c.respond(w, answer, err, &x)
	c.callers.add(x.Source, rt.OperationID, x.Status, err)
	if hr.Method != http.MethodGet {
		c.events.add(eventOf(hr, rt, zone, key, x.Status, params, x.Time, c.cfg.Clock.Now()))
	}
}

// notEmulated answers a call that does nothing here, by its operation and the
// path that the original has; reason may be empty.
func (c *Cloud) notEmulated(hr *http.Request, reason string) error {
	message := hr.Method + " " + hr.URL.EscapedPath() + " is not emulated"
	if route, ok := c.RouteOf(hr); ok {
		message = route.Method + " /v2" + route.Path + " is not emulated (" + route.OperationID + ")"
	}
	if reason != "" {
		message += ": " + reason
	}
	return &wire.Error{Status: http.StatusNotImplemented, Message: message}
}

// locate returns the request's zone and its escaped path below /v2.
func (c *Cloud) locate(hr *http.Request) (zone, path string, err error) {
	path = hr.URL.EscapedPath()
	if len(path) > maxPath {
		return "", "", &wire.Error{Status: http.StatusRequestURITooLong, Message: "the path is too long"}
	}
	zone = c.cfg.DefaultZone
	if rest, ok := strings.CutPrefix(path, "/z/"); ok {
		zone, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	} else if z, ok := vendordomains.Zone(hr.Host); ok {
		zone = z
	}
	if !slices.Contains(c.cfg.Zones, zone) {
		return "", "", wire.NotFound("zone", zone)
	}
	path, ok := strings.CutPrefix(path, "/v2/")
	if !ok {
		return "", "", &wire.Error{Status: http.StatusNotImplemented, Message: hr.Method + " " + hr.URL.EscapedPath() + " is not emulated"}
	}
	return zone, path, nil
}

// answer does what a known route asks, unless a fault is in the way.
func (c *Cloud) answer(
	w http.ResponseWriter, hr *http.Request, rt *route, params map[string]string, x *Exchange,
) (answer any, key string, err error) {
	if hr.Body == nil {
		hr.Body = http.NoBody
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, hr.Body, maxBody))
	if err != nil {
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			return nil, "", &wire.Error{Status: http.StatusRequestEntityTooLarge, Message: "the body is too large"}
		}
		return nil, "", wire.Invalid("bad request: the body ends early")
	}
	if c.cfg.KeepBodies {
		x.Request = c.withoutSecrets(body)
	}
	if err := c.injectBefore(hr, rt); err != nil {
		return nil, "", err
	}
	query, err := url.ParseQuery(hr.URL.RawQuery)
	if err != nil {
		return nil, "", wire.Invalid("bad request: malformed query")
	}
	if !rt.open {
		if key, err = c.keyring.Verify(hr, query, body, c.cfg.Clock.Now()); err != nil {
			return nil, "", err
		}
	}
	if rt.handle == nil {
		return nil, key, c.notEmulated(hr, rt.reason)
	}
	if err := rt.checkIDs(params); err != nil {
		return nil, key, err
	}
	r := &request{
		operationID: rt.OperationID,
		kind:        cmp.Or(rt.kind, rt.segments[0].literal),
		zone:        x.Zone,
		key:         key,
		sourceIP:    x.Source,
		params:      params,
		query:       parameters{Values: query},
		body:        body,
	}
	answer, err = c.handle(r, rt)
	x.Assumptions = r.met(err)
	if err == nil {
		x.Unread = r.unread()
		err = c.injectAfter(hr, rt)
	}
	return answer, key, err
}

// handle lets the handler of a route do its work.
func (c *Cloud) handle(r *request, rt *route) (answer any, err error) {
	err = c.world.Do(func() (err error) {
		if !rt.open {
			if err := c.access.authorize(r, rt); err != nil {
				return err
			}
		}
		if answer, err = c.perform(r, rt); err != nil {
			return err
		}
		if list, ok := answer.(wire.EncodedList); ok {
			if fault, ok := c.faults.take(FaultPartialList, rt.OperationID); ok {
				list.Entries = list.Entries[:min(fault.Keep, len(list.Entries))]
				answer = list
			}
		}
		return nil
	})
	return answer, err
}

// injectBefore injects the faults that keep a request from its handler.
func (c *Cloud) injectBefore(hr *http.Request, rt *route) error {
	id := rt.OperationID
	if fault, ok := c.faults.take(FaultLatency, id); ok {
		select {
		case <-c.cfg.Clock.After(fault.Duration):
		case <-hr.Context().Done():
			drop()
		}
	}
	if _, ok := c.faults.take(FaultDropBefore, id); ok {
		drop()
	}
	if _, ok := c.faults.take(FaultHalfOpenBefore, id); ok {
		hang(hr)
	}
	if fault, ok := c.faults.take(FaultTooManyRequests, id); ok {
		return &wire.Error{Status: http.StatusTooManyRequests, Message: "too many requests", RetryAfter: fault.Duration}
	}
	if _, ok := c.faults.take(FaultServerErrorBefore, id); ok {
		return injected(FaultServerErrorBefore)
	}
	return nil
}

// injectAfter injects the faults that only hide the answer.
func (c *Cloud) injectAfter(hr *http.Request, rt *route) error {
	if _, ok := c.faults.take(FaultDropAfter, rt.OperationID); ok {
		drop()
	}
	if _, ok := c.faults.take(FaultHalfOpenAfter, rt.OperationID); ok {
		hang(hr)
	}
	if _, ok := c.faults.take(FaultServerErrorAfter, rt.OperationID); ok {
		return injected(FaultServerErrorAfter)
	}
	return nil
}

func injected(name string) error {
	return &wire.Error{Status: http.StatusInternalServerError, Message: "injected fault: " + name}
}

// respond writes the outcome of a request and notes it. Success is always 200:
// clients treat every other 2xx as no answer.
func (c *Cloud) respond(w http.ResponseWriter, answer any, err error, x *Exchange) {
	status := http.StatusOK
	if err != nil {
		refusal := &wire.Error{Status: http.StatusInternalServerError, Message: err.Error()}
		errors.As(err, &refusal)
		status = refusal.Status
		if refusal.RetryAfter > 0 {
			seconds := max(1, int(refusal.RetryAfter.Seconds()))
			w.Header().Set("Retry-After", strconv.Itoa(seconds))
		}
		answer, x.Refusal = refusal.Answer(), refusal.Message
	}
	body, err := wire.Encode(answer)
	if err != nil {
		status = http.StatusInternalServerError
		body = []byte(`{"message":"the answer cannot be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	// A client that went away is no concern of the cloud.
	_, _ = w.Write(body)
	x.Status = status
	if c.cfg.KeepBodies {
		x.Answer = c.withoutSecrets(body)
	}
}

// drop ends the request without an answer, in the way that net/http and
// [Cloud.Transport] understand.
func drop() { panic(http.ErrAbortHandler) }

// hang lets the client wait for an answer until it gives up.
func hang(hr *http.Request) {
	<-hr.Context().Done()
	drop()
}
