// Package sweep finds and deletes the resources that an interrupted Terraform
// apply left in an account without Terraform's knowledge.
//
// A provider reports a resource to Terraform once it is created. If Terraform is
// interrupted before, it does not know the resource, while the cloud goes on: a
// machine starts, costs money and keeps its name. Such resources are found by
// their names, which the module derives from the name of the installation:
//
//	resources with the module's names  -  ids in Terraform's state  =  what is left
//
// [Sweeper.Find] lists them, in the order in which they can be deleted, and
// [Sweeper.Remove] deletes them. An [Account] does the calls; this package knows
// no cloud. It never touches resources of other names, nor those in a state, so
// both may be repeated at any time.
//
// With the wrong state, everything looks left behind. So Find doubts a state
// that is empty, that lists nothing of this installation, or that is an earlier
// version: see [ErrForeignState].
//
// A small program that uses it is in examples/sweep.
package sweep
