package exoapi

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/exopool/exopool/fake/domains"
)

// maxBody is the longest request body. User data, the longest thing in one,
// is limited to 32 KiB.
const maxBody = 1 << 20

// serve answers one request.
func (c *Cloud) serve(w http.ResponseWriter, hr *http.Request) {
	started := c.cfg.Clock.Now()
	zone, path, err := c.locate(hr)
	var rt *route
	var params map[string]string
	if err == nil {
		rt, params = c.router.find(hr.Method, path)
	}
	if rt == nil {
		c.calls.add("")
		if err == nil {
			err = notEmulated(hr.Method, hr.URL.EscapedPath())
		}
		respond(w, nil, err)
		return
	}
	c.calls.add(rt.OperationID)
	answer, key, err := c.answer(w, hr, rt, zone, params)
	status := respond(w, answer, err)
	if hr.Method != http.MethodGet {
		c.events.add(eventOf(hr, rt, zone, key, status, params, started, c.cfg.Clock.Now()))
	}
}

func notEmulated(method, path string) error {
	return &problem{kind: kindNotEmulated, message: method + " " + path + " is not emulated"}
}

// locate returns the request's zone and its escaped path below /v2.
func (c *Cloud) locate(hr *http.Request) (zone, path string, err error) {
	path = hr.URL.EscapedPath()
	zone = c.cfg.DefaultZone
	if rest, ok := strings.CutPrefix(path, "/z/"); ok {
		zone, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	} else if z, ok := domains.Zone(hr.Host); ok {
		zone = z
	}
	if !slices.Contains(c.cfg.Zones, zone) {
		return "", "", notFound("zone", zone)
	}
	path, ok := strings.CutPrefix(path, "/v2/")
	if !ok {
		return "", "", notEmulated(hr.Method, hr.URL.EscapedPath())
	}
	return zone, path, nil
}

// answer does what a known route asks, unless a fault is in the way.
func (c *Cloud) answer(
	w http.ResponseWriter, hr *http.Request, rt *route, zone string, params map[string]string,
) (answer any, key string, err error) {
	if hr.Body == nil {
		hr.Body = http.NoBody
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, hr.Body, maxBody))
	if err != nil {
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			return nil, "", &problem{kind: kindTooLarge, message: "the body is too large"}
		}
		return nil, "", invalid("bad request: the body ends early")
	}
	if err := c.strikeBefore(hr, rt); err != nil {
		return nil, "", err
	}
	query, err := url.ParseQuery(hr.URL.RawQuery)
	if err != nil {
		return nil, "", invalid("bad request: malformed query")
	}
	if !rt.open {
		if key, err = c.auth.verify(hr, query, body, c.cfg.Clock.Now()); err != nil {
			return nil, "", err
		}
	}
	if rt.handle == nil {
		return nil, key, notEmulated(hr.Method, hr.URL.EscapedPath())
	}
	if err := rt.checkIDs(params); err != nil {
		return nil, key, err
	}
	r := &request{
		world:       c.world,
		operationID: rt.OperationID,
		kind:        rt.segments[0].literal,
		zone:        zone,
		key:         key,
		sourceIP:    sourceIP(hr),
		params:      params,
		query:       query,
		body:        body,
		endpoint:    c.cfg.APIEndpoint,
		events:      c.events,
	}
	if err = c.act(r, rt, &answer); err == nil {
		err = c.strikeAfter(hr, rt)
	}
	return answer, key, err
}

// act lets the handler of a route do its work.
func (c *Cloud) act(r *request, rt *route, answer *any) error {
	return c.world.do(func() (err error) {
		if !rt.open {
			if err := c.world.authorize(r, rt.service()); err != nil {
				return err
			}
		}
		if *answer, err = rt.handle(r); err != nil {
			return err
		}
		if list, ok := (*answer).(encodedList); ok {
			if fault, ok := c.faults.take(FaultPartialList, rt.OperationID); ok {
				list.entries = list.entries[:min(fault.Keep, len(list.entries))]
				*answer = list
			}
		}
		return nil
	})
}

// strikeBefore lets faults happen that keep a request from its handler.
func (c *Cloud) strikeBefore(hr *http.Request, rt *route) error {
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
		return &problem{kind: kindTooMany, message: "too many requests", retryAfter: fault.Duration}
	}
	if _, ok := c.faults.take(FaultServerErrorBefore, id); ok {
		return injected(FaultServerErrorBefore)
	}
	return nil
}

// strikeAfter lets faults happen that only hide the answer.
func (c *Cloud) strikeAfter(hr *http.Request, rt *route) error {
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
	return &problem{kind: kindBroken, message: "injected fault: " + name}
}

// drop ends the request without an answer, in the way that net/http and
// [Cloud.Transport] understand.
func drop() { panic(http.ErrAbortHandler) }

// hang lets the client wait for an answer until it gives up.
func hang(hr *http.Request) {
	<-hr.Context().Done()
	drop()
}
