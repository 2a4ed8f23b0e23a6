"""The real models behind the ports (language, generator, vision, embedder) and their catalogue."""
