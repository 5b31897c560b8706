"""The program: `ablate`, `python -m ablate`. From other code, `ablate.cli.main` is called."""

from ablate.early import end_plainly, end_silently


def main() -> int:
    """Run the command line as the program; an interrupt is answered before anything else is imported."""
    end_plainly()
    from ablate.cli import main

    try:
        return main()
    finally:
        end_silently()


if __name__ == "__main__":
    raise SystemExit(main())
