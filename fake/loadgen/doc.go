// Package loadgen is a deliberately slow web application: /load burns CPU,
// /health answers OK.
//
// It keeps the contract of the well-known http-load-generator (port 8080,
// GET /load, GET /health). What /load burns is a [CPU]: the host's own,
// or a virtual one of which many fit on one host.
package loadgen
