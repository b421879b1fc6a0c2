// Package acceptance checks an installation line by line, as the checker of the
// cloud computing course does: what Terraform has to create, how soon it has to
// work, and that it scales and is removed completely.
//
//	Run: apply ─▶ resources ─▶ health ─▶ monitoring ─▶ replacement ─▶ scaling ─▶ destroy
//	                    each line becomes one Result: Passed, Failed or Skipped
//
// It sees the installation from outside, as the checker does: by the cloud's
// account, by requests to the load balancer and to the monitoring machine, and
// by what Terraform says. A line that cannot be checked, because the fake
// machines do not execute user-data or because something before it failed, is
// Skipped with the reason. None is left out without a word.
//
// A new line is one entry in the list of its file, with its text, limit and
// check, and one row in docs/rehearsing.md.
package acceptance
