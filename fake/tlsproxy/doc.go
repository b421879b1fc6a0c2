// Package tlsproxy keeps the traffic of some domains on this host.
//
// A [Proxy] is what a program reaches that has HTTPS_PROXY (and HTTP_PROXY) in
// its environment. Requests for the domains and every host below them end here:
// the proxy shows a certificate of its own authority and hands the request to
// a handler. No connection to such a host is ever made. Whatever is for other
// hosts passes through, TLS unread.
//
//	program ──CONNECT api-at-vie-1.exoscale.com:443──▶ Proxy ──▶ Config.Handler
//	        ──CONNECT registry.terraform.io:443──────▶   └────▶ the host itself
//
// Programs whose name service leads the domains' names to this host need no
// such variable: [Proxy.Serve] answers them on a listener of the caller's.
//
// The program must trust the authority: [Proxy.Bundle] is the content of a
// file for SSL_CERT_FILE, which Go programs heed on Unix systems other than
// macOS. The authority is made anew by [New], its key never leaves the memory,
// and its certificate is limited to the domains: it is of no use against the
// user's other traffic. A program that does not trust it gets no answer, and
// its request goes to no other host; [Config.Unserved] is called if it says so, as
// most TLS libraries do, or if its host got no other request.
//
// The proxy believes names. A program that knows an address of the domains and
// asks for it by number is not held back. HTTP/2 is not spoken.
//
// It is built on net/http, not on a proxy library: an [http.Server] brings the
// limits, timeouts and the orderly end for decrypted connections too, while
// such libraries read them with a loop of their own.
package tlsproxy
