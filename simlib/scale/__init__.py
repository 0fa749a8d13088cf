"""Bigger than one machine's memory: faiss, Milvus, payloads on disk, TFRecord shards, other sources."""
