// Package e2e_test installs the whole system with Terraform, lets it work, and
// removes it again:
//
//	apply ──▶ verify ──▶ load ──▶ scale ──▶ destroy
//
// Terraform and the Exoscale provider are genuine and believe to talk to the
// real API: a proxy catches their calls for the emulator. The pool's members
// are processes behind a load balancer that forwards; nothing executes their
// user-data. So autoscaler and discovery, which the monitoring machine would
// run, are built and run here, with the restricted key that Terraform made.
//
// A stage is left out with SKIP_apply=1 and so on, as with terratest's own
// package test_structure, which is not used: it brings the clients of three
// clouds and of Kubernetes, whose compilation takes longer than the test.
package e2e_test
