// Package hcp_link stands for the link to the HashiCorp Cloud Platform, which is not in the sandbox's build.
package hcp_link

import (
	"errors"

	"github.com/hashicorp/go-hclog"

	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/vault"
)

// HCPLinkVault is no link.
type HCPLinkVault struct{}

// NewHCPLink refuses, unless no link is configured.
func NewHCPLink(configured *configutil.HCPLinkConfig, _ *vault.Core, _ hclog.Logger) (*HCPLinkVault, error) {
	if configured == nil {
		return nil, nil
	}
	return nil, errors.New("a link to the HashiCorp Cloud Platform: not in the sandbox's build of Vault")
}

// Shutdown does nothing.
func (*HCPLinkVault) Shutdown() error { return nil }

// GetScadaSessionStatus is empty.
func (*HCPLinkVault) GetScadaSessionStatus() string { return "" }

// GetConnectionStatusMessage is empty.
func (*HCPLinkVault) GetConnectionStatusMessage(string) string { return "" }
