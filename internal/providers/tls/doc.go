// Command tls is a stand-in for the Terraform provider hashicorp/tls, for tests
// on hosts that cannot reach a Terraform registry. It has the resource
// tls_private_key and nothing else.
//
// Keys are real. Schema, formats and replacement are what all releases 4.x of
// the original have in common, so a configuration that works here works there;
// what came later, such as openssh_comment, is left out on purpose.
package main
