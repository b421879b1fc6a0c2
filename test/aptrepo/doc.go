// Package aptrepo serves Debian packages made on the spot from a signed
// repository, for tests whose machines install what no mirror in reach has.
//
// Machines treat it as any other: they fetch its key, "gpg-full.key", name it
// in signed-by, and refuse what it has not signed. The key is made anew each
// time and never leaves the memory.
package aptrepo
