// Package prices turns what the resources of a cloud used up into money, by a
// list of prices per hour. It knows no cloud.
//
//	what was used, in hours ──▶ List.Bill ──▶ Bill: money, and what has no price
//
// The result is an estimate, without traffic and taxes, as good as the list. That
// of [Default] is the one that Terraform's module begins with, which nobody has
// confirmed; [Parse] reads another one. What is not in the list is named and not
// counted.
package prices
