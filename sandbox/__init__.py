"""A laptop-size world: real servers on loopback, and the real engine that deploys to them."""
