// Package schedule knows which bounds the size of a pool is to have at what time:
// "every weekday from 07:30 in Vienna, for two hours, at least 6 members". It does
// nothing by itself, and knows neither pools nor clocks: the same time always gives
// the same bounds.
//
// Entries are written like this, with semicolons between them:
//
//	morning: 30 7 * * mon-fri Europe/Vienna for 2h at least 6
//	night: 0 22 * * * Europe/Vienna for 8h at most 2
//
// The five fields after the name say when an entry begins: minute, hour, day of the
// month, month and weekday, as cron has them. If both days are given, either will do.
//
// An entry begins by the clocks of its time zone. A time that clocks leave out,
// because summer begins, is when they jump over it. One that they show twice, because
// summer ends, is when they first show it, and once more: whatever the members are
// for may begin at either. The duration is real time.
//
// A small program that uses it is in examples/schedule.
package schedule
