// Package providers installs the providers for Terraform wherever tests run.
//
// Where the Terraform registry answers, Terraform downloads genuine providers
// itself. Elsewhere [Install] makes a filesystem mirror of two:
//
//   - exoscale/exoscale, genuine: built from the Go module proxy at the version
//     that exoscale/go.mod pins, in a separate module.
//   - hashicorp/tls, a stand-in: that provider is in no module proxy, so the
//     program in tls/ implements its resource tls_private_key. Its version
//     4.99.0 is no release of the original.
//
// Where a user names a program, such as the provider in another version, that one
// takes the place of exoscale/exoscale.
//
// Either way the result is a [Mirror]: a CLI configuration file for Terraform
// or OpenTofu. Which providers run is logged at level warn, and the stand-in
// repeats it in every plan. Programs are built once per host, into the
// user's cache folder, and never into the repository.
package providers
