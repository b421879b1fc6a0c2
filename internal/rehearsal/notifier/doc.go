// Package notifier sends webhooks for firing alerts to the autoscaler, as often as
// a Grafana set up for exopool does.
//
//	rules ──Update──▶ Notifier ──┬─ group "up":   CPU high ──POST──▶ <url>/up
//	                             └─ group "down": CPU low  ──POST──▶ <url>/down
//
// The first webhook is sent at once when an alert starts firing. From then on
// the group is flushed once per group interval: a webhook is repeated at the
// first flush at which more than the repeat interval has passed since the last
// delivery. With 10 s and 45 s that is one webhook every 50 s. A failed delivery
// is repeated at the next flush, not sooner.
//
// Nothing is sent when an alert ends, and nothing for alerts that belong to
// neither group. One thing is simpler than in Grafana: a group is forgotten at
// the first flush that finds nothing firing, not up to 30 s later.
package notifier
