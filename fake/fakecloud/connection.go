package fakecloud

import "github.com/exopool/exopool/fake/fakecloud/control"

// A Connection is what clients need to reach a running cloud, from other
// processes of the same host, too. Its key, secret and token are for the user
// of the cloud only.
type Connection struct {
	URL      string // http://127.0.0.1:8929
	Key      string
	Secret   string
	Zone     string
	Token    string // of the control API
	Console  string // the address of the console, with its token
	CertFile string // the certificates to trust, in PEM; settings of clients are in the same directory
}

// APIEndpoint returns the address of the API, for EXOSCALE_API_ENDPOINT.
func (c Connection) APIEndpoint() string { return c.URL + "/v2" }

// Control returns a client of the cloud's control API.
func (c Connection) Control() *control.Client { return &control.Client{URL: c.URL, Token: c.Token} }
