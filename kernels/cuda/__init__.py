"""The same kernels for thousands of sessions at once on a GPU: a block for a session, a lane for an electrode.

Nothing here is imported unless `kernels.backend.pick` says "cuda", so no other part needs numba-cuda or a driver.
"""
