// Package sweep finds and deletes what an interrupted Terraform apply has left
// in an account without Terraform's knowledge.
//
// A provider tells Terraform of a thing when it has finished creating it. One
// that is interrupted before knows of nothing, while the cloud goes on: a
// machine starts, costs money and keeps its name. What is left can be told by
// its name, which the module makes of the name of the installation:
//
//	things with the module's names  -  ids in Terraform's state  =  what is left
//
// [Sweeper.Find] lists that, in the order in which it can be deleted, and
// [Sweeper.Remove] deletes it. An [Account] does the calls; this package knows
// no cloud. It never touches what bears another name, and never what a state
// knows, so both may be repeated at any time.
//
// The wrong state makes everything look left. So Find doubts one that is
// empty, that knows nothing of this installation, or that is an earlier
// version: see [ErrForeignState].
package sweep
