"""The program: `ablate`, `python -m ablate`. From other code, `ablate.cli.main` is called."""

from ablate.early import end_plainly


def main() -> int:
    """Run the command line as the program; an interrupt is answered before anything else is imported."""
    end_plainly()
    from ablate.cli import main

    return main()


if __name__ == "__main__":
    raise SystemExit(main())
