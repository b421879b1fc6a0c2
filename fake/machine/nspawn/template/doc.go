// Package template makes the disks that machines start from: root directories of
// Debian and Ubuntu with cloud-init, each built once from the packages of a
// mirror and then kept.
//
// They have what the cloud images of the distribution have, not more: user-data that
// forgets to install a package fails here as it does in the cloud. Packages that
// user-data often asks for are downloaded in advance, so that installing them
// takes no download.
package template
