package exoapi

import (
	"maps"
	"sync"
)

// Calls counts API calls, whatever their outcome.
type Calls struct {
	Total       int            // unknown routes included
	ByOperation map[string]int // by operation id
}

type callCounts struct {
	mu     sync.Mutex
	total  int
	counts map[string]int
}

func (c *callCounts) add(operationID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total++
	if operationID == "" {
		return
	}
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[operationID]++
}

// Calls returns how often which operation was called until now.
func (c *Cloud) Calls() Calls {
	c.calls.mu.Lock()
	defer c.calls.mu.Unlock()
	return Calls{c.calls.total, maps.Clone(c.calls.counts)}
}
