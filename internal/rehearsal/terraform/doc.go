// Package terraform applies a folder of Terraform configuration without
// leaving a trace in it: a [Folder] is a copy, with a state of its own, in
// which Terraform or OpenTofu runs.
//
// Backends of the configuration are overruled by a local one, so that nothing
// is read from or written to the state of a real installation. Variables that
// must not be overruled by the user's files, such as credentials, come in a file
// that is given last, and never as arguments.
package terraform
