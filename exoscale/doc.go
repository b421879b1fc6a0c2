// Package exoscale is the one place that talks to the Exoscale API.
//
//	Client ──▶ Pool    size, members and state of one pool; resize  (autoscale.Pool)
//	       ├─▶ Lister  members with their addresses, health         (discovery.Lister)
//	       └─▶ Account all resources of an account, deletion        (sweep.Account)
//
// It decides nothing: it calls, translates and wraps errors. Requests are built,
// signed and decoded by egoscale v2; no egoscale type leaves the package.
//
// Only the generated calls of egoscale's client are used. The convenience layer
// above them dereferences fields that an answer may lack, drops the text of a
// failed operation, and polls by its own timer. It would also rewrite the host of
// each request, and lose the port of an endpoint that is not a zone's: a
// [Client] names the zone's host itself.
//
// Below egoscale is one chain of transports, outermost first:
//
//	caller    turns everything but a JSON answer with status 200 into an error
//	retries   repeats attempts that may succeed later: 429, 5xx but 501, broken connections
//	attempts  makes one exchange: timeout, metrics, whole body
//
// Errors say what to do in general words; [Config.Remedies] replaces these with
// the names of a program's settings.
//
// A small program that uses it is in examples/exoscale.
package exoscale
