package cgroup

// ParseStat is the decoder of cpu.stat, for its fuzz test.
var ParseStat = parseStat

// State of a task, from its file stat.
var State = state
