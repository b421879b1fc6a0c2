// Package forecast says how large a load will be when machines that are ordered now
// have started. It is pure: measures go in, and a forecast with a margin comes out.
//
// Several simple experts forecast: the last measure, means, trends, the same time
// yesterday and last week, and a blend of all these with the weights that would have
// been best lately. Each has a histogram of its own recent errors, some one
// for each minute of the hour or each way the load stands to its mean. From these
// follows the margin: the smallest at which one member more would cost more than the
// shortage that it avoids. Every expert is judged by what its forecast with its
// margin would have cost, shortage and members together, with those that wait until
// others serve, and those that cost least decide, weighted by how little.
//
// The load is in members: how many it takes. A model does not call a clock, starts
// nothing, takes no storage after its first turn, and has the same answers for the
// same measures. It is not for concurrent use.
package forecast
