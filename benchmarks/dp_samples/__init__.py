"""How many outputs it takes to refute each wrong mechanism of the zoo."""
