// Package control changes and watches a running emulator from another process:
// what the API that is emulated does not have. [NewHandler] is the server,
// below [Path], and [Client] its client.
//
//	GET    /fakecloud/faults       the active faults
//	POST   /fakecloud/faults       adds a fault, answers its number
//	DELETE /fakecloud/faults/{id}  removes one
//	DELETE /fakecloud/faults       removes all
//	GET    /fakecloud/calls        how often which operation was called
//	GET    /fakecloud/exchanges    calls and their answers, those after number ?after=
//
// Bodies are JSON. Every request needs the token as a bearer token, and none
// may come from a browser.
package control
