"""Keeps NumPy from splitting small products among threads: its idle ones spin, and the other core has other work."""

from threadpoolctl import threadpool_limits


def bound_threads() -> None:
    """Let the linear algebra of libraries loaded so far run in the caller's thread alone, for the whole process.

    With two threads, the spectrum of 4 s of sound took 16 CPU milliseconds instead of 1.2.
    """
    threadpool_limits(1, user_api="blas")
