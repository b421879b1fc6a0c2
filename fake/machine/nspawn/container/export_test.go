package container

// Command is the command line of systemd-nspawn.
var Command = command

// Environment is that of systemd-nspawn.
var Environment = environment
