"""Load: Locust users with arrival times of their own, profiles as data, and the recorder of latencies.

Locust patches the standard library for gevent when it is imported, so it only ever runs in a child process (``python -m
loadtests.generator.child``). What other rooms import from here (`profiles`, `spec`, `recorder`, `schedule`, `cli`)
never imports it.
"""
