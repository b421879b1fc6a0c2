// Package metadata is the services at 169.254.169.254 from which instances learn
// who they are, in the form that cloud-init's data source for Exoscale expects.
//
//	:80    /1.0/meta-data/   the keys, one a line; /1.0/meta-data/KEY its value
//	       /1.0/user-data    as given; 404 if there is none
//	       /latest/...       the same
//	:8080  /                 the password server, which has no passwords to give
//
// Who asks is known by the address that the request comes from; the network
// sees to it that no machine can use another's.
package metadata
