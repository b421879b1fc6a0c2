package terraform

// Resources is what [Folder.Resources] makes of a state file.
var Resources = resources
