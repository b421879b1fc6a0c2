// Package unshare runs programs whose children and mounts end with them.
//
// A [Process] is the first process of a process namespace of its own and sits
// in a mount namespace of its own: when it ends, the kernel kills whatever it
// started and drops whatever it mounted. It is killed when the thread that
// started it dies, so not even a crash of this program leaves anything of it.
package unshare
