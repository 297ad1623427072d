"""The board's sign-off: who must approve a report, what each of them signed, and whether it is enough to deploy.

board = load_board(Path("board.toml"))
verify_signed_off(Path("build/gate/latest"), board, now=datetime.now(UTC))
"""
