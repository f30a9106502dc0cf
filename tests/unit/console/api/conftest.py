from tests.unit.console.callers import ada, calling, lin, nobody, vic

__all__ = ["ada", "calling", "lin", "nobody", "vic"]
