// Package vaulthcplib stands for the commands of the HashiCorp Cloud Platform, which are not in the sandbox's build.
package vaulthcplib

import (
	"time"

	"github.com/hashicorp/cli"
)

// HCPToken is a token of the platform.
type HCPToken struct {
	AccessToken       string
	AccessTokenExpiry time.Time
	ProxyAddr         string
}

// HCPTokenHelper keeps one.
type HCPTokenHelper interface {
	GetHCPToken(path string) (*HCPToken, error)
}

// InternalHCPTokenHelper keeps none.
type InternalHCPTokenHelper struct{}

// GetHCPToken finds none.
func (InternalHCPTokenHelper) GetHCPToken(string) (*HCPToken, error) {
	return nil, nil
}

// InitHCPCommand has no command.
func InitHCPCommand(cli.Ui) map[string]cli.CommandFactory {
	return nil
}
