//go:build tools

package tools

import _ "github.com/Azure/secrets-store-csi-driver-provider-azure/cmd"
