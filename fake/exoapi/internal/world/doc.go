// Package world is the engine of the emulator: one moment of time, what will
// happen later, the operations under way, ids, quotas and addresses. It knows
// no HTTP and no kind of resource but by its declaration, a [Resource].
//
//	handler ──▶ World.Change ──▶ operation, pending ──▶ success or failure
//	                │                        ▲
//	                └──▶ World.After ──▶ schedule, as the clock moves
package world
