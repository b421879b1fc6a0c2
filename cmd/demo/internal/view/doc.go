// Package view is what a person sees of the demo: a terminal and a web page.
//
//	orchestrator ──Publish, Emit──▶ Hub ──Update──▶ Terminal
//	                                    └──Update──▶ Page ──SSE──▶ browser
//
// A [Snapshot] says how everything stands now, an [Event] says that something
// happened. The [Hub] keeps the recent past of both and hands it on; it never
// waits for a reader, so a suspended terminal or a stalled browser cannot hold
// up the demo. A [Summary] tells, at the end, whether the pool followed the
// load.
//
// The package decides nothing and measures nothing: it shows what it is told.
// The two buttons and the slider of the page call functions of the
// orchestrator.
package view
