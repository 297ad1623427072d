"""What a load records: latencies in HDR buckets, merged without loss, and the GPUs of this machine."""
