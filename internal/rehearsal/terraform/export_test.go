package terraform

// Addresses is what [Folder.Resources] makes of the output of "terraform show".
var Addresses = addresses
