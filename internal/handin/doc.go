// Package handin writes what is handed on of this repository without the rest
// of it: the source of the two programs, for hosts that build them from the
// Terraform folder alone.
package handin
