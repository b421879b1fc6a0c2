// Package traffic sends the requests of a number of clients to the pool, and
// measures the answers.
//
//	pacer ──one hit──▶ vegeta's workers ──GET──▶ load balancer ──▶ members
//	  ▲                      │
//	  └──in flight──── history ──▶ Stats, Window
//
// A client sends a request, waits for the answer, and sends the next at the
// earliest one period after the last. Clients that waited longer do not catch up,
// as people would not. Every request has a
// connection of its own, so that a new member takes its share at once.
package traffic
