"""The Keras side: what makes embeddings. Modules load when a name of theirs is first used."""
