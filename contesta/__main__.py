"""`python -m contesta` is the command line."""

from contesta.cli import main

main()
