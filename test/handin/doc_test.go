// Package handin_test builds and runs the images of the folder to hand in, as the
// course's checker does, on machines that boot.
//
// Their base image comes from this host and the modules from its cache, so that
// no registry and no proxy need to be reached.
package handin_test
