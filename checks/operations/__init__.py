"""Operations: what runs is seen to run, and what stops is noticed."""
