// Package view shows the demo to its user: in a terminal and on a web page.
//
//	system ──Publish, Emit──▶ Hub ──Update──▶ Terminal
//	                              └──Update──▶ Page ──SSE──▶ browser
//
// A [Snapshot] says how everything stands now, an [Event] says that something
// happened. The [Hub] keeps the recent past of both and passes it on; it never
// waits for a reader, so a suspended terminal or a stalled browser cannot block
// the demo. A [Summary] shows, at the end, whether the pool followed the load.
//
// The package decides nothing and measures nothing: it shows what it gets. The
// controls of the page call functions of the system.
package view
