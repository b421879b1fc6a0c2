package exoapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
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
	out := &recorder{header: http.Header{}, status: http.StatusOK}
	t.handler.ServeHTTP(out, in)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("call cloud: %w", err)
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", out.status, http.StatusText(out.status)),
		StatusCode:    out.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        out.header,
		Body:          io.NopCloser(bytes.NewReader(out.body)),
		ContentLength: int64(len(out.body)),
		Request:       req,
	}, nil
}

// A recorder keeps the one answer that the handler writes.
type recorder struct {
	header http.Header
	status int
	body   []byte
}

func (r *recorder) Header() http.Header    { return r.header }
func (r *recorder) WriteHeader(status int) { r.status = status }

func (r *recorder) Write(b []byte) (int, error) {
	r.body = append(r.body, b...)
	return len(b), nil
}
