// Package exoscale is the one place that talks to the Exoscale API.
//
//	Client ──▶ Pool    size, members and state of one pool; resize  (autoscale.Pool)
//	       ├─▶ Lister  members with their addresses, health         (discovery.Lister)
//	       └─▶ Account everything there is, and how to delete it    (sweep.Account)
//
// It decides nothing: it calls, translates and wraps. Requests are built,
// signed and decoded by egoscale v2; no egoscale type leaves the package.
//
// Of egoscale's client only the generated calls are used. The convenience
// layer above them follows pointers that an answer may lack, drops the text of
// a failed operation, and polls by a clock of its own. For the same reason a
// [Client] names the zone's host itself instead of having it rewritten per
// request, which would lose the port of any other endpoint.
//
// Below egoscale lies one chain of transports, outermost first:
//
//	caller    turns everything but a JSON answer with status 200 into an error
//	retries   repeats what may pass: 429, 5xx but 501, broken connections
//	attempts  one exchange: its time limit, its metrics, its body read whole
//
// Every call of the API is safe to repeat: reads change nothing, and a resize
// names the size wanted, not the difference.
package exoscale
