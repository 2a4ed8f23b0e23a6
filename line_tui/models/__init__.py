"""The real models behind the ports: language, generator, vision and embedder, and the catalogue of them."""
