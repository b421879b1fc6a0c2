package driverapi

// A Killer is a driver that can take the power from a machine.
type Killer interface {
	// Kill ends a machine as the loss of its power would. It stays off until it
	// is started again. An error says that it is off already, or unknown.
	Kill(id string) error
}
