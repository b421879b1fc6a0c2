// Package cloudinitstatus reads from the disk of a machine what cloud-init did there,
// without logging in.
package cloudinitstatus
