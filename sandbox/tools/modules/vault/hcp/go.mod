module github.com/hashicorp/vault-hcp-lib

go 1.26.0

require github.com/hashicorp/cli v1.1.7
