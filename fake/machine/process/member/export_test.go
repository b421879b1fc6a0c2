package member

// NewExporter is for tests.
var NewExporter = newExporter
