// Package notify tells the autoscaler about firing alerts, with the rhythm of
// a Grafana set up for exopool.
//
//	rules ──Update──▶ Notifier ──┬─ group "up":   CPU high ──POST──▶ <url>/up
//	                             └─ group "down": CPU low  ──POST──▶ <url>/down
//
// The first webhook leaves at once when an alert starts firing. From then on
// the group is looked at once per group interval, and a webhook is repeated at
// the first look at which more than the repeat interval has passed since the
// last delivery. With 10 s and 45 s that is one webhook every 50 s. A delivery
// that failed is tried again at the next look, not sooner.
//
// Nothing is sent when an alert ends, and nothing for alerts that belong to
// neither group. One thing is simpler than in Grafana: a group is forgotten at
// the first look that finds nothing firing, not up to 30 s later.
package notify
