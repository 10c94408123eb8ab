"""What the tests, the demo and the benchmark share: a real control plane, the AWS emulator, the operator as a process."""
