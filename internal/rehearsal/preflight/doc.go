// Package preflight reads a folder of Terraform configuration before it is
// applied, and finds what machines have to be able to do for it: [Read] returns
// the resources whose provisioners log in by SSH, and those with user-data, of
// the folder and of all modules that it calls and that are on this host.
//
// [Setup.Without] makes the overrides with which Terraform applies the
// configuration without those logins, so that the rest can be checked on machines
// that answer none.
//
// Nothing is executed. What cannot be known without applying, such as the result
// of a function, is taken to be needed.
package preflight
