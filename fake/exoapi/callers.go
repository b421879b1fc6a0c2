package exoapi

import (
	"maps"
	"net/http"
	"net/netip"
	"sync"
)

// A Caller is what came from one address.
type Caller struct {
	Calls int // all of known routes
	// Refused counts calls whose key is wrong or may not make them.
	Refused int
	// Refusal is why the latest of them was refused.
	Refusal string
	// Operations counts the calls that succeeded, by operation id.
	Operations map[string]int
}

// maxCallers bounds how many addresses are remembered.
const maxCallers = 1000

type callers struct {
	mu    sync.Mutex
	known map[netip.Addr]*Caller
}

func (c *callers) add(source, operationID string, status int, err error) {
	address, parseErr := netip.ParseAddr(source)
	if parseErr != nil {
		return // a call in process
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	caller := c.known[address.Unmap()]
	if caller == nil {
		if len(c.known) == maxCallers {
			return
		}
		if c.known == nil {
			c.known = map[netip.Addr]*Caller{}
		}
		caller = &Caller{Operations: map[string]int{}}
		c.known[address.Unmap()] = caller
	}
	caller.Calls++
	switch {
	case err == nil:
		caller.Operations[operationID]++
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		caller.Refused++
		caller.Refusal = err.Error()
	}
}

// Callers returns who called the API until now, by address.
func (c *Cloud) Callers() map[netip.Addr]Caller {
	c.callers.mu.Lock()
	defer c.callers.mu.Unlock()
	all := make(map[netip.Addr]Caller, len(c.callers.known))
	for address, caller := range c.callers.known {
		known := *caller
		known.Operations = maps.Clone(known.Operations)
		all[address] = known
	}
	return all
}

// Redact returns a text without the secrets of the account's API keys.
func (c *Cloud) Redact(text string) string { return c.keyring.Redact(text) }
