// Package neo stands for the command `neo`, which is not in the sandbox's build.
package neo

import (
	"errors"

	"github.com/spf13/cobra"
)

// NewNeoCmd is a command that refuses.
func NewNeoCmd() *cobra.Command {
	return &cobra.Command{
		Use:                "neo",
		Short:              "Not in the sandbox's build of Pulumi",
		DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("the agent of Pulumi Cloud: not in the sandbox's build of Pulumi")
		},
	}
}
