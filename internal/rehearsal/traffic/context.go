package traffic

import (
	"context"
	"io"
	"net/http"
)

type roundTripperFunc func(*http.Request) (*http.Response, error)

func (f roundTripperFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// withContext cancels requests when ctx ends, from dialling to the last byte of
// the answer. Vegeta has no way to give its requests a context.
func withContext(ctx context.Context, next http.RoundTripper) http.RoundTripper {
	return roundTripperFunc(func(req *http.Request) (*http.Response, error) {
		both, cancel := context.WithCancel(req.Context())
		unbind := context.AfterFunc(ctx, cancel)
		release := func() {
			unbind()
			cancel()
		}
		resp, err := next.RoundTrip(req.WithContext(both)) //nolint:contextcheck // The request's own context holds the client's timeout.
		if err != nil {
			release()
			return nil, err
		}
		resp.Body = releasingBody{resp.Body, release}
		return resp, nil
	})
}

// A releasingBody releases the context after its answer has been read.
type releasingBody struct {
	io.ReadCloser
	release func()
}

func (b releasingBody) Close() error {
	err := b.ReadCloser.Close()
	b.release()
	return err
}
