package exoapi

import (
	"maps"
	"strings"
	"sync"
)

// Calls counts API calls, whatever their outcome.
type Calls struct {
	Total       int            // unknown routes included
	ByOperation map[string]int // by operation id
	// ByClient is by what clients call themselves, such as "egoscale/0.102.4", and
	// by operation id. Calls of clients without a name are left out, and so are
	// those of the hundred and first client and later ones.
	ByClient map[string]map[string]int
}

// Bounds of what is kept of clients.
const (
	maxClients    = 100
	maxClientName = 100 // bytes
)

type callCounts struct {
	mu      sync.Mutex
	total   int
	counts  map[string]int
	clients map[string]map[string]int
}

// add counts a call; operationID is empty if the route is unknown.
func (c *callCounts) add(operationID, userAgent string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total++
	if operationID == "" {
		return
	}
	if c.counts == nil {
		c.counts, c.clients = map[string]int{}, map[string]map[string]int{}
	}
	c.counts[operationID]++
	client := clientName(userAgent)
	if client == "" {
		return
	}
	if c.clients[client] == nil {
		if len(c.clients) == maxClients {
			return
		}
		c.clients[client] = map[string]int{}
	}
	c.clients[client][operationID]++
}

// clientName returns the first product of a User-Agent (RFC 9110, section
// 10.1.5), or nothing if it is too long or no plain text.
func clientName(userAgent string) string {
	name, _, _ := strings.Cut(strings.TrimSpace(userAgent), " ")
	if len(name) > maxClientName || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return ""
	}
	return name
}

// Calls returns how often which operation was called until now.
func (c *Cloud) Calls() Calls {
	c.calls.mu.Lock()
	defer c.calls.mu.Unlock()
	clients := make(map[string]map[string]int, len(c.calls.clients))
	for client, counts := range c.calls.clients {
		clients[client] = maps.Clone(counts)
	}
	return Calls{c.calls.total, maps.Clone(c.calls.counts), clients}
}
