// Package control changes and watches a running emulator from another process:
// what the API that is emulated does not have. [NewHandler] is the server,
// below [Path], and [Client] its client.
//
//	GET    /fakecloud/             the version, and these routes
//	GET    /fakecloud/faults       the active faults
//	POST   /fakecloud/faults       adds a fault, answers its number
//	DELETE /fakecloud/faults/{number}  removes one
//	DELETE /fakecloud/faults       removes all
//	GET    /fakecloud/calls        how often which operation was called
//	GET    /fakecloud/clock        how fast time passes
//	PUT    /fakecloud/clock        changes that
//	POST   /fakecloud/reset        removes everything, as if the cloud had just begun
//	GET    /fakecloud/state        the state, to be loaded later
//	PUT    /fakecloud/state        replaces the state by one that was saved
//	GET    /fakecloud/exchanges    calls and their answers, those after number ?after=
//
// docs/control-api.md describes each for clients in any language. Bodies are JSON. Every request needs the token as a bearer token, and none
// may come from a browser.
package control
