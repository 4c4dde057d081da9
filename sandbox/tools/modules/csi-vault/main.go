// Command vault-csi-provider stands in for HashiCorp's provider of that name, which can't be had as a Go module. It
// reads from a real Vault, by the provider protocol v1alpha1, what a SecretProviderClass asks for by the documented
// parameters (Vault's documentation: "Vault CSI provider configurations"). It is test equipment.
package main

import (
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"google.golang.org/grpc"
	provider "sigs.k8s.io/secrets-store-csi-driver/provider/v1alpha1"
)

func main() {
	endpoint := flag.String("endpoint", "/provider/vault.sock", "the socket on which the driver asks")
	address := flag.String("vault-addr", "https://127.0.0.1:8200", "Vault's address, where a class names none")
	mount := flag.String("vault-mount", "kubernetes", "the auth method's path, where a class names none")
	version := flag.Bool("version", false, "print the version and end")
	flag.Parse()
	if *version {
		log.Println("a stand-in of the sandbox's for Vault's CSI provider")
		return
	}

	key, err := versionKey(*endpoint + ".key")
	if err != nil {
		log.Fatal(err)
	}
	if err := os.Remove(*endpoint); err != nil && !os.IsNotExist(err) {
		log.Fatal(err)
	}
	listener, err := net.Listen("unix", *endpoint)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	provider.RegisterCSIDriverProviderServer(server, &vaultProvider{address: *address, mount: *mount, key: key})
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	go func() {
		<-signals
		server.GracefulStop()
	}()
	log.Printf("this is a stand-in of the sandbox's for Vault's CSI provider, listening on %s", *endpoint)
	if err := server.Serve(listener); err != nil {
		log.Fatal(err)
	}
}
