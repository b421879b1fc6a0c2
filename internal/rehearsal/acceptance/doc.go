// Package acceptance checks an installation line by line, as the checker of the
// cloud computing course does: what Terraform has to create, how soon it has to
// work, and that it scales and is removed completely.
//
//	Run: apply ─▶ shapes ─▶ health ─▶ monitoring ─▶ replacement ─▶ load ─▶ destroy
//	                    each line becomes one Result: Met, Broken or Unchecked
//
// It sees the installation from outside, as the checker does: by the cloud's
// account, by requests to the load balancer and to the monitoring machine, and
// by what Terraform says. A line that cannot be checked, because the fake
// machines do not execute user-data or because something before it failed, is
// Unchecked with the reason. None is passed over in silence.
package acceptance
