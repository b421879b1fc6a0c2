// Package acceptance checks an installation line by line, as the checker of the
// cloud computing course does: what Terraform has to create, how soon it has to
// work, and that it scales and is removed completely.
//
//	sprint 1: resources ─▶ scaling
//	sprint 2: discovery (optional) ─▶ blocks ─▶ killing
//	sprint 3: autoscaler (optional) ─▶ load
//	sprint 1: removing
//
// Each scenario begins with an apply. Each of its lines becomes one [Result]:
// Passed, Failed or Skipped.
//
// It sees the installation from outside, as the checker does: by the cloud's
// account, by requests to the load balancer and to the monitoring machine, and
// by what Terraform says. A line that cannot be checked, because the fake
// machines do not execute user-data or because something before it failed, is
// Skipped with the reason. None is left out without a word. What the checker does
// not look at becomes an [Advice], which fails nothing.
//
// A new line is one entry in its scenario, with its text, limit and check, and
// one row in docs/rehearsing.md.
package acceptance
