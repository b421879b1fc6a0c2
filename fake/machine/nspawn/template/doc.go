// Package template makes the disk that machines start from: a Debian root
// directory with cloud-init, built once from the packages of a Debian mirror and
// then kept.
//
// It has what Debian's own cloud images have, not more: user-data that forgets to
// install a package fails here as it does in the cloud. Packages that
// user-data often asks for are downloaded in advance, so that installing them
// takes no download.
package template
