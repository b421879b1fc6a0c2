package autoscale

// What the bodies of webhooks say, sender by sender: the only place that knows.
//
// Fields are written as senders write them, with dots between the levels;
// "alerts." stands for each alert of a list. Fields and values are compared in
// whole, whatever their case and without blanks, "-" and "_": alertTransition
// is alert_transition. A value with "*" at its end is the beginning of one, and
// "*" alone is any text or number that is not listed beside it.

// A sender is a program that sends webhooks, and what it calls things.
type sender struct {
	name   string
	fields []field
}

// A field tells whether an alert asks for anything.
type field struct {
	paths  []string
	firing []string // values of an alert that goes on
	ended  []string // values of one that is over, or has not begun
	aside  []string // values that say nothing about the load: tests, missing data, formalities
}

// senders is what each of them says. A body need not tell who sent it, so each
// field means the same whoever uses it.
var senders = []sender{
	{"Grafana 9 to 13", []field{
		{paths: []string{"status"}, firing: []string{"firing"}, ended: []string{"resolved"}},
		{paths: []string{"state"}, firing: []string{"alerting"}, ended: []string{"ok"}},
		{paths: []string{"alerts.status"}, firing: []string{"firing"}, ended: []string{"*"}},
		{paths: []string{"alerts.annotations.grafana_state_reason"}, aside: []string{"NoData*", "Error*"}},
	}},
	{"Grafana, legacy alerting", []field{
		{
			paths: []string{"state"}, firing: []string{"alerting"}, ended: []string{"ok", "pending"},
			aside: []string{"no_data", "paused", "unknown"},
		},
	}},
	{"Prometheus Alertmanager", []field{
		{paths: []string{"status"}, firing: []string{"firing"}, ended: []string{"resolved"}},
		{paths: []string{"alerts.status"}, firing: []string{"firing"}, ended: []string{"*"}},
	}},
	{"Zabbix", []field{
		{
			paths:  []string{"event_value", "event.value", "trigger_value", "trigger.value"},
			firing: []string{"1"}, ended: []string{"0"}, aside: []string{"{EVENT.VALUE}", "{TRIGGER.VALUE}"},
		},
		{
			paths:  []string{"status", "event_status", "event.status", "trigger_status", "trigger.status"},
			firing: []string{"PROBLEM"}, ended: []string{"OK", "RESOLVED"}, aside: []string{"{EVENT.STATUS}", "{TRIGGER.STATUS}"},
		},
		{paths: []string{"event_recovery_value", "event.recovery.value"}, ended: []string{"0"}},
		{paths: []string{"event_recovery_status", "event.recovery.status"}, ended: []string{"OK", "RESOLVED"}},
		{paths: []string{"event_update_status", "event.update.status"}, firing: []string{"0"}, aside: []string{"1"}},
	}},
	{"Uptime Kuma", []field{
		{paths: []string{"heartbeat.status"}, firing: []string{"0"}, ended: []string{"*"}},
		{paths: []string{"heartbeat"}, aside: []string{"null"}},
	}},
	{"Datadog", []field{
		{
			paths:  []string{"alert_transition", "transition", "alert.transition"},
			firing: []string{"Triggered", "Re-Triggered", "Warn", "Re-Warn", "Renotify"},
			ended:  []string{"*"}, aside: []string{"No Data", "Re-No Data"},
		},
		{paths: []string{"alert_type", "alert.type"}, firing: []string{"error", "warning"}, ended: []string{"success"}},
		{paths: []string{"title", "alert_title", "event_title"}, ended: []string{"[Recovered*"}, aside: []string{"[No Data*", "[Re-No Data*"}},
	}},
	{"Amazon CloudWatch and SNS", []field{
		{paths: []string{"NewStateValue", "detail.state.value"}, firing: []string{"ALARM"}, ended: []string{"*"}},
		{paths: []string{"Type"}, firing: []string{"Notification"}, aside: []string{"SubscriptionConfirmation", "UnsubscribeConfirmation"}},
	}},
	{"Google Cloud Monitoring", []field{
		{paths: []string{"incident.state"}, firing: []string{"open"}, ended: []string{"*"}},
		{paths: []string{"version"}, aside: []string{"test"}},
	}},
	{"Kibana", []field{
		{
			paths: []string{"action_group", "alert.actionGroup", "alert_action_group", "group", "context.group"},
			ended: []string{"recovered"}, aside: []string{"no data", "metrics.threshold.nodata"},
		},
		{paths: []string{"alert_state", "context.alertState"}, firing: []string{"ALERT"}, ended: []string{"OK"}, aside: []string{"NO DATA", "ERROR"}},
	}},
	{"Netdata", []field{
		{
			paths: []string{"status"}, firing: []string{"WARNING", "CRITICAL"}, ended: []string{"CLEAR"},
			aside: []string{"REMOVED", "UNDEFINED", "UNINITIALIZED"},
		},
		{paths: []string{"severity"}, firing: []string{"warning", "critical"}, ended: []string{"clear"}},
		{paths: []string{"status.reachable"}, firing: []string{"false"}, ended: []string{"true"}},
		{paths: []string{"status.text"}, firing: []string{"unreachable"}, ended: []string{"reachable"}},
	}},
	{"any other", []field{
		{
			paths: []string{
				wholeText, "status", "state", "alert_status", "alert_state", "alert.status", "alert.state", "incident.status",
				"event", "event_type", "event_action", "event.action", "event.type", "action",
			},
			ended: []string{
				"resolved", "resolve", "ok", "recovered", "recovery", "closed", "close", "clear", "cleared", "normal", "inactive", "ended",
			},
			aside: []string{"test", "heartbeat", "no data", "paused", "pending", "acknowledged", "silenced", "suppressed", "maintenance"},
		},
	}},
}

// wholeText stands for a body that is one word and nothing else.
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

// asideNames are alerts that say nothing about the load, although they fire:
// Grafana's test buttons, its alerts about its own data sources, and those that
// fire for ever to show that alerting works.
var asideNames = []string{
	"TestAlert", "Test notification", "DatasourceNoData", "DatasourceError", "Watchdog", "DeadMansSwitch", "InfoInhibitor",
}

// directedNames are the alerts that come with this project. To the other path
// they are sent by mistake.
var directedNames = map[Direction][]string{Up: {"CPU high"}, Down: {"CPU low"}}

// directionFields say which path an alert is meant for, as a field of the body
// or as a label, an annotation or a tag of the alert.
var (
	directionFields = []string{"autoscale", "direction", "action"}
	directionPlaces = []string{
		"", "labels.", "annotations.", "commonLabels.", "commonAnnotations.", "alerts.labels.", "alerts.annotations.",
		"tags.", "incident.policy_user_labels.",
	}
	directionWords = map[Direction][]string{
		Up:   {"up", "scale-up"},
		Down: {"down", "scale-down"},
	}
)

// wrapped are fields whose text may be a body of its own, and what its fields
// are called then: SNS and others wrap one in "Message" or "payload", Uptime
// Kuma puts "heartbeat" into the address.
var wrapped = map[string]string{"message": "", "payload": "", "heartbeat": "heartbeat."}
