//go:build unix

package atomicfile

const canSyncDirs = true
