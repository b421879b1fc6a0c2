package promquery

import "net/http"

// NewOver returns a client of a server that a transport answers for.
func NewOver(cfg Config, transport http.RoundTripper) (*Client, error) {
	return newClient(cfg, transport)
}
