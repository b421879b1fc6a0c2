package cgroup

// ParseStat is the decoder of cpu.stat, for its fuzz test.
var ParseStat = parseStat
