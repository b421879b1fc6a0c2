package view

// A Phase is a part of the scenario.
type Phase string

// The phases, in their order. PhaseReady is only in a run whose load is the
// user's; such a run is never done.
const (
	PhaseStarting Phase = "starting"
	PhaseReady    Phase = "ready"    // no load, minimum size
	PhaseLoadOn   Phase = "load on"  // clients send requests
	PhaseHolding  Phase = "holding"  // the pool has grown enough for them
	PhaseLoadOff  Phase = "load off" // no clients, the pool is still larger
	PhaseDone     Phase = "done"
)

// A MemberState is where a member is in its lifecycle.
type MemberState string

// The states of a member, in their usual order.
const (
	MemberStarting  MemberState = "starting"  // the provider creates the machine
	MemberBooting   MemberState = "booting"   // running, its services do not answer yet
	MemberHealthy   MemberState = "healthy"   // passes the load balancer's check
	MemberUnhealthy MemberState = "unhealthy" // fails it
	MemberLeaving   MemberState = "leaving"   // being destroyed
)

// An AlertState is what the alerting engine says of one rule.
type AlertState string

// The states of an alert.
const (
	AlertInactive AlertState = "inactive"
	AlertPending  AlertState = "pending"
	AlertFiring   AlertState = "firing"
	AlertUnknown  AlertState = "unknown" // not evaluated yet
)

// A Snapshot says how everything stands at one moment. Durations are seconds
// on the wall clock, already shortened by Speed. CPU figures are percent of a
// member's CPU, 0 to 100; a nil one is not known.
type Snapshot struct {
	Seconds  float64  `json:"seconds"` // since the start
	Phase    Phase    `json:"phase"`
	Awaits   string   `json:"awaits"` // see [Awaited]
	Speed    float64  `json:"speed"`  // 1 is real time, 12 is twelve times faster
	Settings Settings `json:"settings"`

	Load       Load     `json:"load"`
	Pool       Pool     `json:"pool"`
	AverageCPU *float64 `json:"average_cpu"` // over the members, as the alerts see it
	PlainCPU   *float64 `json:"plain_cpu"`   // over all members that are measured
	Alerts     Alerts   `json:"alerts"`

	Webhooks Counts  `json:"webhooks"`  // received so far
	Steps    Counts  `json:"steps"`     // members added and removed by resizes so far
	NextTurn float64 `json:"next_turn"` // until the next turn of the autoscaler
	APICalls int     `json:"api_calls"` // answered by the fake cloud so far

	Addresses Addresses `json:"addresses"`
}

// Settings are what stays the same during a run.
type Settings struct {
	HighThreshold float64 `json:"high_threshold"` // percent
	LowThreshold  float64 `json:"low_threshold"`  // percent
	Interval      float64 `json:"interval"`       // between two turns of the autoscaler
	Min           int     `json:"min"`
	Max           int     `json:"max"`
	Interactive   bool    `json:"interactive"` // the load is the user's
	Policy        string  `json:"policy"`      // what decides instead of the alerts; empty for those
	Alerting      string  `json:"alerting"`    // what evaluates the alerts: "rules", or "grafana 10.0.0"
	// BootAware is the age, in wall-clock seconds, below which members do not
	// count in AverageCPU; 0 means that all do.
	BootAware float64 `json:"boot_aware"`
}

// Load is what the clients do and how they are served.
type Load struct {
	Clients           int     `json:"clients"` // sending requests in parallel, now
	MaxClients        int     `json:"max_clients"`
	Requests          int     `json:"requests"` // answered or lost, so far
	Errors            int     `json:"errors"`   // lost, so far
	RequestsPerSecond float64 `json:"requests_per_second"`
	P95Milliseconds   float64 `json:"p95_ms"` // over the last seconds; 0 without requests
}

// Pool is the instance pool.
type Pool struct {
	Wanted  int      `json:"wanted"` // the size asked for
	Members []Member `json:"members"`
	// Load and Forecast are how many members the load takes, and with its margin the
	// load to come, as the policy saw it in the last turn; nil: it does not go by it.
	Load     *float64 `json:"load"`
	Forecast *float64 `json:"forecast"`
}

// Healthy counts the members that pass the load balancer's check.
func (p Pool) Healthy() int {
	n := 0
	for _, m := range p.Members {
		if m.State == MemberHealthy {
			n++
		}
	}
	return n
}

// A Member is one machine of the pool.
type Member struct {
	Name    string      `json:"name"`
	Address string      `json:"address"`
	State   MemberState `json:"state"`
	CPU     *float64    `json:"cpu"`
	Age     float64     `json:"age"`
	Serving bool        `json:"serving"` // gets requests from the load balancer
}

// Alerts is the state of the two rules.
type Alerts struct {
	High AlertState `json:"high"`
	Low  AlertState `json:"low"`
}

// Counts counts something that has two directions.
type Counts struct {
	Up   int `json:"up"`
	Down int `json:"down"`
}

// Addresses are URLs for users to open; an empty one does not exist.
type Addresses struct {
	App     string `json:"app"`  // the application, through the load balancer
	Page    string `json:"page"` // the page of this package
	Metrics string `json:"metrics"`
	Grafana string `json:"grafana"`
}
