// Package keys reads single keys from a terminal, without the Enter key, and
// leaves the terminal as it was.
package keys
