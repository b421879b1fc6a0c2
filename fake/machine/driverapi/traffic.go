package driverapi

// A TrafficCounter is a driver whose load balancers count connections.
type TrafficCounter interface {
	// Traffic returns what went through a service until now; zeros for one that
	// forwards nothing.
	Traffic(balancerID, serviceID string) Traffic
}

// Traffic is the connections of clients through a service of a load balancer.
type Traffic struct {
	Open    int // now
	Total   int // accepted so far, refused ones included
	Refused int // that no target took
	// ByMachine counts those that a target took, by machine id. Machines that
	// are targets no more are absent.
	ByMachine map[string]int
}
