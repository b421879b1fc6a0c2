package fakecloud

// What the tests of this package use.
var (
	Upstream    = upstream
	DirectHosts = directHosts
	Tail        = tail
	Own         = withoutInspections
)
