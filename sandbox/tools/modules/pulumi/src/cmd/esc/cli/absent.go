// Package cli stands for the environments of Pulumi Cloud, which are not in the sandbox's build.
package cli

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/common/esc"
)

// ErrAbsent is what everything here answers.
var ErrAbsent = errors.New("environments of Pulumi Cloud: not in the sandbox's build of Pulumi")

// PrepareOptions has what callers set.
type PrepareOptions struct {
	Quote, Pretend, Redact bool
}

// PrepareEnvironment refuses.
func PrepareEnvironment(*esc.Environment, *PrepareOptions) (
	files, environ, secrets []string, filesByKey map[string]string, err error,
) {
	return nil, nil, nil, nil, ErrAbsent
}
