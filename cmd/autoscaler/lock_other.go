//go:build !unix

package main

import "os"

// lockFile does nothing: the program is made for Unix, and elsewhere it is
// only tried out.
func lockFile(*os.File) error { return nil }
