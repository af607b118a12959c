"""What the command line's words do, one module per group; imported only when the word is used."""
