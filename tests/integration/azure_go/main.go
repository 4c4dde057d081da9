package main

import (
	"context"
	"fmt"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
)

func main() {
	credential, err := azidentity.NewWorkloadIdentityCredential(nil)
	if err != nil {
		fail(err)
	}
	client, err := azsecrets.NewClient(os.Args[1], credential, nil)
	if err != nil {
		fail(err)
	}
	found, err := client.GetSecret(context.Background(), os.Args[2], "", nil)
	if err != nil {
		fail(err)
	}
	fmt.Print(*found.Value)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
