// Package iam decides who may call: signatures of requests and the policies of
// roles, whose conditions are written in the Common Expression Language.
package iam
