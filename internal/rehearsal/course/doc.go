// Package course judges an installation by the lines that the checker of the
// cloud computing course judges by: what Terraform has to create, how soon it
// has to work, and that it scales and goes away.
//
//	Course.Run: apply ─▶ shapes ─▶ health ─▶ monitoring ─▶ replacement ─▶ load ─▶ destroy
//	                    each line becomes one Result: Met, Broken or Unchecked
//
// It sees the installation from outside, as the checker does: by the cloud's
// account, by requests to the load balancer and to the monitoring machine, and
// by what Terraform says. A line that cannot be checked, because the fake
// machines do not execute user-data or because something before it failed, is
// Unchecked with the reason. None is passed over in silence.
package course
