// Package imageregistry is the image registry of machines that really boot. It serves
// the load generator, built from this module, under the name that it has on
// Docker Hub, so that what runs there runs here unchanged and without internet.
//
// Container engines use it as a mirror of Docker Hub: they ask it first, and
// Docker Hub itself for all that it does not have.
package imageregistry
