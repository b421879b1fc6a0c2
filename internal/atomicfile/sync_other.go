//go:build !unix

package atomicfile

// On Windows a directory cannot be opened for this.
const canSyncDirs = false
