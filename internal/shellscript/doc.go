// Package shellscript reads shell scripts without executing them.
package shellscript
