"""What dlcli does with the machine: files, memory, interrupts, TensorFlow and its caches."""
