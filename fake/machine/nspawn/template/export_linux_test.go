package template

// Lock waits until it is alone with a file.
var Lock = lock
