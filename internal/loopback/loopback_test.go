package loopback_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/internal/loopback"
)

func TestLoopback(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]struct{ addrPort, host bool }{
		"127.0.0.1:80":          {true, true},
		"127.1.2.3:0":           {true, true},
		"[::1]:80":              {true, true},
		"[::ffff:127.0.0.1]:80": {true, true},
		"127.0.0.1":             {false, true},
		"::1":                   {false, true},
		"[::1]":                 {false, true},
		"localhost":             {false, true},
		"LocalHost:80":          {false, true},

		"":                      {},
		":80":                   {},
		"0.0.0.0:80":            {},
		"[::]:80":               {},
		"128.0.0.1:80":          {},
		"192.0.2.1:80":          {},
		"[2001:db8::1]:80":      {},
		"[::ffff:192.0.2.1]:80": {},
		"localhost.example:80":  {},
		"127.0.0.1.example:80":  {},
		"127.0.0.01:80":         {},
		"127.1:80":              {},
		"[127.0.0.1:80":         {},
		"pipe":                  {},
	} {
		assert.Equal(t, want.addrPort, loopback.IsAddrPort(address), "IsAddrPort(%q)", address)
		assert.Equal(t, want.host, loopback.IsHost(address), "IsHost(%q)", address)
	}
}
