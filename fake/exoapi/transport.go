package exoapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
)

// Transport calls the handler without a socket. A request ends early with
// its context only while a fault delays it; everything else takes no time.
// Without sockets, it may be used in testing/synctest bubbles.
func (c *Cloud) Transport() http.RoundTripper { return transport{c.Handler()} }

type transport struct{ handler http.Handler }

func (t transport) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	body := req.Body
	if body == nil {
		body = http.NoBody
	}
	defer body.Close()
	ctx := req.Context()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("call cloud: %w", err)
	}
	defer func() {
		switch dropped := recover(); {
		case dropped == nil:
		case dropped == any(http.ErrAbortHandler):
			resp, err = nil, fmt.Errorf("call cloud: %w", errors.Join(io.ErrUnexpectedEOF, ctx.Err()))
		default:
			panic(dropped)
		}
	}()
	in := req.Clone(ctx)
	in.Body = body
	in.RequestURI = req.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:0"
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	recorder := httptest.NewRecorder()
	t.handler.ServeHTTP(recorder, in)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("call cloud: %w", err)
	}
	resp = recorder.Result()
	resp.Request = req
	return resp, nil
}
