package annotate

// NewThrough returns a client whose requests go through transport.
var NewThrough = newClient
