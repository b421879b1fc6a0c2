package webhook

// What the bodies of webhooks mean, sender by sender. To support another sender,
// add it here, and bodies that it has sent to testdata/payloads.
//
// Fields are written as senders write them, with dots between the levels;
// "alerts." stands for each alert of a list. Fields and values are compared as a
// whole, without regard to case, blanks, "-" and "_": alertTransition equals
// alert_transition. A value that ends in "*" is a prefix, and "*" alone matches
// any text or number that the field does not list.

// A sender is a program that sends webhooks, and the fields that it uses.
type sender struct {
	name   string
	fields []field
}

// A field says whether an alert asks for anything.
type field struct {
	paths     []string
	firing    []string // values of an alert that is firing
	resolved  []string // values of one that has ended, or has not begun
	unrelated []string // values that say nothing about the load: tests, missing data, formalities
}

// senders are all senders. A body need not name its sender, so a field means the
// same whichever sender uses it.
var senders = []sender{
	{"Grafana 9 to 13", []field{
		{paths: []string{"status"}, firing: []string{"firing"}, resolved: []string{"resolved"}},
		{paths: []string{"state"}, firing: []string{"alerting"}, resolved: []string{"ok"}},
		{paths: []string{"alerts.status"}, firing: []string{"firing"}, resolved: []string{"*"}},
		{paths: []string{"alerts.annotations.grafana_state_reason"}, unrelated: []string{"NoData*", "Error*"}},
	}},
	{"Grafana, legacy alerting", []field{
		{
			paths: []string{"state"}, firing: []string{"alerting"}, resolved: []string{"ok", "pending"},
			unrelated: []string{"no_data", "paused", "unknown"},
		},
	}},
	{"Prometheus Alertmanager", []field{
		{paths: []string{"status"}, firing: []string{"firing"}, resolved: []string{"resolved"}},
		{paths: []string{"alerts.status"}, firing: []string{"firing"}, resolved: []string{"*"}},
	}},
	{"Zabbix", []field{
		{
			paths:  []string{"event_value", "event.value", "trigger_value", "trigger.value"},
			firing: []string{"1"}, resolved: []string{"0"}, unrelated: []string{"{EVENT.VALUE}", "{TRIGGER.VALUE}"},
		},
		{
			paths:  []string{"status", "event_status", "event.status", "trigger_status", "trigger.status"},
			firing: []string{"PROBLEM"}, resolved: []string{"OK", "RESOLVED"}, unrelated: []string{"{EVENT.STATUS}", "{TRIGGER.STATUS}"},
		},
		{paths: []string{"event_recovery_value", "event.recovery.value"}, resolved: []string{"0"}},
		{paths: []string{"event_recovery_status", "event.recovery.status"}, resolved: []string{"OK", "RESOLVED"}},
		{paths: []string{"event_update_status", "event.update.status"}, firing: []string{"0"}, unrelated: []string{"1"}},
	}},
	{"Uptime Kuma", []field{
		{paths: []string{"heartbeat.status"}, firing: []string{"0"}, resolved: []string{"*"}},
		{paths: []string{"heartbeat"}, unrelated: []string{"null"}},
	}},
	{"Datadog", []field{
		{
			paths:    []string{"alert_transition", "transition", "alert.transition"},
			firing:   []string{"Triggered", "Re-Triggered", "Warn", "Re-Warn", "Renotify"},
			resolved: []string{"*"}, unrelated: []string{"No Data", "Re-No Data"},
		},
		{paths: []string{"alert_type", "alert.type"}, firing: []string{"error", "warning"}, resolved: []string{"success"}},
		{paths: []string{"title", "alert_title", "event_title"}, resolved: []string{"[Recovered*"}, unrelated: []string{"[No Data*", "[Re-No Data*"}},
	}},
	{"Amazon CloudWatch and SNS", []field{
		{paths: []string{"NewStateValue", "detail.state.value"}, firing: []string{"ALARM"}, resolved: []string{"*"}},
		{paths: []string{"Type"}, firing: []string{"Notification"}, unrelated: []string{"SubscriptionConfirmation", "UnsubscribeConfirmation"}},
	}},
	{"Google Cloud Monitoring", []field{
		{paths: []string{"incident.state"}, firing: []string{"open"}, resolved: []string{"*"}},
		{paths: []string{"version"}, unrelated: []string{"test"}},
	}},
	{"Kibana", []field{
		{
			paths:    []string{"action_group", "alert.actionGroup", "alert_action_group", "group", "context.group"},
			resolved: []string{"recovered"}, unrelated: []string{"no data", "metrics.threshold.nodata"},
		},
		{paths: []string{"alert_state", "context.alertState"}, firing: []string{"ALERT"}, resolved: []string{"OK"}, unrelated: []string{"NO DATA", "ERROR"}},
	}},
	{"Netdata", []field{
		{
			paths: []string{"status"}, firing: []string{"WARNING", "CRITICAL"}, resolved: []string{"CLEAR"},
			unrelated: []string{"REMOVED", "UNDEFINED", "UNINITIALIZED"},
		},
		{paths: []string{"severity"}, firing: []string{"warning", "critical"}, resolved: []string{"clear"}},
		{paths: []string{"status.reachable"}, firing: []string{"false"}, resolved: []string{"true"}},
		{paths: []string{"status.text"}, firing: []string{"unreachable"}, resolved: []string{"reachable"}},
	}},
	{"any other", []field{
		{
			paths: []string{
				wholeText, "status", "state", "alert_status", "alert_state", "alert.status", "alert.state", "incident.status",
				"event", "event_type", "event_action", "event.action", "event.type", "action",
			},
			resolved: []string{
				"resolved", "resolve", "ok", "recovered", "recovery", "closed", "close", "clear", "cleared", "normal", "inactive", "ended",
			},
			unrelated: []string{"test", "heartbeat", "no data", "paused", "pending", "acknowledged", "silenced", "suppressed", "maintenance"},
		},
	}},
}

// wholeText is the path of a body that is one word and nothing else.
const wholeText = ""

// nameFields hold the name of an alert.
var nameFields = []string{
	"alertname", "labels.alertname", "groupLabels.alertname", "commonLabels.alertname", "alerts.labels.alertname", // Grafana, Alertmanager
	"ruleName", "rule.name", "rule_name", "rule", // legacy Grafana, Kibana
	"event_name", "event.name", "trigger_name", "trigger.name", // Zabbix
	"monitor.name",               // Uptime Kuma
	"alert_title", "event_title", // Datadog
	"AlarmName", "detail.alarmName", // CloudWatch
	"incident.policy_name",                      // Cloud Monitoring
	"alert", "alert_name", "alert.name", "name", // Netdata, any other
}

// unrelatedNames are alerts that say nothing about the load, although they fire:
// Grafana's tests, its alerts about its own data sources, and those that always
// fire to prove that alerting works.
var unrelatedNames = []string{
	"TestAlert", "Test notification", "DatasourceNoData", "DatasourceError", "Watchdog", "DeadMansSwitch", "InfoInhibitor",
}

// ownNames are the alerts of this project, by direction. Sent to the other path,
// they are a mistake.
var ownNames = map[string][]string{Up: {"CPU high"}, Down: {"CPU low"}}

// directionFields say which path an alert is meant for, as a field of the body
// or as a label, an annotation or a tag of the alert.
var (
	directionFields = []string{"autoscale", "direction", "action"}
	directionPlaces = []string{
		"", "labels.", "annotations.", "commonLabels.", "commonAnnotations.", "alerts.labels.", "alerts.annotations.",
		"tags.", "incident.policy_user_labels.",
	}
	directionWords = map[string][]string{
		Up:   {"up", "scale-up"},
		Down: {"down", "scale-down"},
	}
)

// wrapped are fields whose text may be a whole body, and the prefix of the fields
// in it: SNS and others wrap one in "Message" or "payload", Uptime Kuma puts
// "heartbeat" into the address.
var wrapped = map[string]string{"message": "", "payload": "", "heartbeat": "heartbeat."}
