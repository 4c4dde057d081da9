// Package env stands for the command `env`, which is not in the sandbox's build.
package env

import (
	"github.com/spf13/cobra"

	"github.com/pulumi/pulumi/pkg/v3/cmd/esc/cli"
)

// NewEnvCmd is a command that refuses.
func NewEnvCmd() *cobra.Command {
	return &cobra.Command{
		Use:                "env",
		Aliases:            []string{"esc"},
		Short:              "Not in the sandbox's build of Pulumi",
		DisableFlagParsing: true,
		RunE:               func(*cobra.Command, []string) error { return cli.ErrAbsent },
	}
}
